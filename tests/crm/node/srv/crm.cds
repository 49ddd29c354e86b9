// Tables with the names and columns of Dataverse, as SAP CAP serves them by OData 4. Of what an erasure asks for
// all columns are there; what Dataverse keeps as a look-up is a plain column here, under the name that is read.
@path: '/api/data/v9.2'
service Crm {
  entity contacts {
    key contactid            : UUID;
    fullname                 : String;
    firstname                : String;
    lastname                 : String;
    middlename               : String;
    salutation               : String;
    emailaddress1            : String;
    emailaddress2            : String;
    emailaddress3            : String;
    telephone1               : String;
    telephone2               : String;
    mobilephone              : String;
    fax                      : String;
    websiteurl               : String;
    birthdate                : Date;
    governmentid             : String;
    jobtitle                 : String;
    description              : String;
    address1_line1           : String;
    address1_line2           : String;
    address1_city            : String;
    address1_postalcode      : String;
    address1_country         : String;
    new_iban                 : String;
    new_allergies            : String;
    statecode                : Integer default 0;
    _masterid_value          : UUID;
    new_consents             : String;
    new_processingrestricted : Boolean default false;
    donotbulkemail           : Boolean default false;
    creditlimit              : Decimal(15, 2);
    modifiedon               : Timestamp;
    parentcustomerid_account : Association to accounts;
  }
  entity accounts {
    key accountid            : UUID;
    name                     : String;
    revenue                  : Decimal(15, 2);
    telephone1               : String;
    emailaddress1            : String;
    description              : String;
    contact_customer_accounts : Association to many contacts
                                on contact_customer_accounts.parentcustomerid_account = $self;
  }
  entity leads {
    key leadid               : UUID;
    fullname                 : String;
    firstname                : String;
    lastname                 : String;
    emailaddress1            : String;
    telephone1               : String;
    mobilephone              : String;
    jobtitle                 : String;
    subject                  : String;
    description              : String;
    address1_line1           : String;
    address1_city            : String;
    _parentcontactid_value   : UUID;
  }
  entity annotations {
    key annotationid         : UUID;
    subject                  : String;
    notetext                 : String;
    filename                 : String;
    documentbody             : String;
    _objectid_value          : UUID;
  }
  aspect activity {
    key activityid           : UUID;
    subject                  : String;
    description              : String;
    _regardingobjectid_value : UUID;
  }
  entity tasks : activity {}
  entity phonecalls : activity {
    phonenumber              : String;
  }
  entity appointments : activity {
    location                 : String;
  }
  entity emails : activity {
    sender                   : String;
    torecipients             : String;
  }
  entity activityparties {
    key activitypartyid      : UUID;
    _activityid_value        : UUID;
    _partyid_value           : UUID;
  }
  entity audits {
    key auditid              : UUID;
    _objectid_value          : UUID;
    changedata               : String;
  }
  // Dataverse takes a record of any table; which one it is, its `@odata.type` says beside its key.
  type Reference {
    contactid                : UUID;
    leadid                   : UUID;
    annotationid             : UUID;
    activityid               : UUID;
    accountid                : UUID;
  }
  action DeleteRecordChangeHistory(Target : Reference) returns Integer;
}
