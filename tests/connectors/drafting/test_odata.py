"""Drafts from OData metadata: they load, hide what nobody classified, and know the way between records."""

from pathlib import Path

import pytest
import yaml

from proxy.connectors import Connector, load_connector
from proxy.connectors.drafting.odata import draft
from proxy.errors import Gap
from proxy.message import Headers, Request

CSDL = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
 <edmx:DataServices>
  <Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">
   <EntityType Name="crmbaseentity" Abstract="true">
    <Property Name="createdon" Type="Edm.DateTimeOffset"/>
   </EntityType>
   <EntityType Name="contact" BaseType="mscrm.crmbaseentity">
    <Key><PropertyRef Name="contactid"/></Key>
    <Property Name="contactid" Type="Edm.Guid"/>
    <Property Name="fullname" Type="Edm.String"/>
    <Property Name="emailaddress1" Type="Edm.String" MaxLength="100"/>
    <Property Name="new_allergies" Type="Edm.String"/>
    <Property Name="description" Type="Edm.String" MaxLength="max"/>
    <Property Name="shoesize" Type="Edm.Int32"/>
    <Property Name="entityimage" Type="mscrm.image"/>
    <Property Name="_parentcustomerid_value" Type="Edm.Guid"/>
    <NavigationProperty Name="parentcustomerid_account" Type="mscrm.account" Partner="contact_customer_accounts">
     <ReferentialConstraint Property="_parentcustomerid_value" ReferencedProperty="accountid"/>
    </NavigationProperty>
    <NavigationProperty Name="stray" Type="mscrm.account"/>
   </EntityType>
   <EntityType Name="account" BaseType="mscrm.crmbaseentity">
    <Key><PropertyRef Name="accountid"/></Key>
    <Property Name="accountid" Type="Edm.Guid"/>
    <Property Name="_primarycontactid_value" Type="Edm.Guid"/>
    <NavigationProperty Name="primarycontactid" Type="mscrm.contact">
     <ReferentialConstraint Property="_primarycontactid_value" ReferencedProperty="contactid"/>
    </NavigationProperty>
    <NavigationProperty Name="contact_customer_accounts" Type="Collection(mscrm.contact)"
                        Partner="parentcustomerid_account"/>
   </EntityType>
   <EntityType Name="pair"><Key><PropertyRef Name="a"/><PropertyRef Name="b"/></Key></EntityType>
   <EntityContainer Name="System">
    <EntitySet Name="contacts" EntityType="Microsoft.Dynamics.CRM.contact"/>
    <EntitySet Name="accounts" EntityType="Microsoft.Dynamics.CRM.account"/>
    <EntitySet Name="pairs" EntityType="Microsoft.Dynamics.CRM.pair"/>
   </EntityContainer>
  </Schema>
 </edmx:DataServices>
</edmx:Edmx>
"""


def made(folder: Path, *sets: str) -> Connector:
    """Return the connector that a draft describes."""
    file = folder / "drafted.yaml"
    file.write_text(draft(CSDL.encode(), name="drafted", path="/odata", sets=sets), "utf-8")
    return load_connector(file)


def test_a_draft_is_a_connector(tmp_path: Path) -> None:
    """It loads as it is; what no name suggests is unclassified, and what is no plain value is left out."""
    fields = made(tmp_path).catalogue["contact"].fields
    assert {name: fields[name].category for name in ("fullname", "emailaddress1", "shoesize", "createdon")} == {
        "fullname": "user.name",
        "emailaddress1": "user.contact.email",
        "shoesize": "unclassified",
        "createdon": "system.operations",
    }
    assert fields["new_allergies"].tags == {"special"}
    assert fields["description"].tags == {"free_text"}
    assert fields["parentcustomeridname"].category == "unclassified"
    assert "entityimage" not in fields
    assert [fields[name].length for name in ("emailaddress1", "description", "fullname")] == [100, None, None]
    assert [fields[name].type for name in ("fullname", "shoesize", "createdon")] == ["", "number", "time"]


def test_a_draft_knows_the_way_between_records(tmp_path: Path) -> None:
    """Both ways, also where a navigation property is called like its column."""
    connector = made(tmp_path)
    query = "$expand=primarycontactid,contact_customer_accounts($expand=parentcustomerid_account)"
    request = Request("GET", "/odata/accounts", query, Headers())
    asked = connector.route(request).recognise(request, None, binding="me")
    assert [operation.object for operation in asked.operations] == ["account", "contact", "contact", "account"]
    stray = Request("GET", "/odata/contacts", "$expand=stray", Headers())
    with pytest.raises(Gap):
        connector.route(stray).recognise(stray, None, binding="me")


def test_sets_can_be_chosen(tmp_path: Path) -> None:
    """Then nothing leads out of them."""
    connector = made(tmp_path, "contacts")
    assert connector.catalogue.keys() == {"contact"}
    assert "parentcustomerid_account" not in connector.catalogue["contact"].fields
    assert yaml.safe_load((tmp_path / "drafted.yaml").read_text("utf-8"))["odata"]["objects"].keys() == {
        "contact"
    }


@pytest.mark.parametrize(
    ("text", "sets", "words"),
    [
        ("not xml", (), "not XML"),
        ("<a/>", (), "no OData 4 metadata"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + CSDL.partition("?>")[2], (), "document type"),
        (CSDL, ("nope",), 'no entity set "nope"'),
        (CSDL, ("pairs",), "none of the entity sets"),
    ],
)
def test_what_no_draft_can_be_made_of(text: str, sets: tuple[str, ...], words: str) -> None:
    """The reason is told in a sentence."""
    with pytest.raises(ValueError, match=words):
        draft(text.encode(), name="x", path="/odata", sets=sets)
