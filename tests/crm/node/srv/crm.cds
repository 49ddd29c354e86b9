// Two tables with the names and columns of Dataverse, as SAP CAP serves them by OData 4.
@path: '/api/data/v9.2'
service Crm {
  entity contacts {
    key contactid            : UUID;
    fullname                 : String;
    firstname                : String;
    lastname                 : String;
    emailaddress1            : String;
    telephone1               : String;
    birthdate                : Date;
    governmentid             : String;
    jobtitle                 : String;
    description              : String;
    address1_country         : String;
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
    contact_customer_accounts : Association to many contacts
                                on contact_customer_accounts.parentcustomerid_account = $self;
  }
}
