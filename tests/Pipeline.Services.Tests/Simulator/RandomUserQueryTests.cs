using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Pipeline.Simulator.Api;
using Pipeline.Simulator.People;

namespace Pipeline.Services.Tests.Simulator;

public sealed class RandomUserQueryTests
{
    private static readonly NationalityCatalog Catalog = new();

    [Theory]
    [InlineData("", 1)]
    [InlineData("results=", 1)]
    [InlineData("results=5000", 5000)]
    [InlineData("results=5001", 1)]
    [InlineData("results=0", 1)]
    [InlineData("results=-3", 1)]
    [InlineData("results=2.5", 1)]
    [InlineData("results=ten", 1)]
    [InlineData("results=1e3", 1000)]
    [InlineData("results=0x10", 16)]
    [InlineData("results=%207%20", 7)]
    [InlineData("results=1,000", 1)]
    [InlineData("results=Infinity", 1)]
    [InlineData("results=NaN", 1)]
    [InlineData("results=5&results=6", 1)]
    public void Results_OfAnyText_AreCoerced(string query, int expected) => Assert.Equal(expected, Parse(query).Results);

    [Theory]
    [InlineData("", 1)]
    [InlineData("page=0", 1)]
    [InlineData("page=-1", 1)]
    [InlineData("page=10000", 10000)]
    [InlineData("page=10001", 1)]
    [InlineData("page=x", 1)]
    [InlineData("page=2&page=3", 3)]
    public void Page_OfAnyText_IsCoerced(string query, double expected) => Assert.Equal(expected, Parse(query).Page);

    [Theory]
    [InlineData("gender=female", true)]
    [InlineData("gender=male", false)]
    [InlineData("gender=FEMALE", null)]
    [InlineData("gender=other", null)]
    [InlineData("gender=female&seed=a", null)]
    [InlineData("gender=female&seed=", true)]
    public void Gender_OfAnyText_CountsOnlyWithoutSeed(string query, bool? expected) => Assert.Equal(expected, Parse(query).People.IsFemale);

    [Theory]
    [InlineData("nat=dk", "DK")]
    [InlineData("nat=dk,FR,,gb", "DK FR GB")]
    [InlineData("nationality=us", "US")]
    [InlineData("nat=us&nat=de", "DE")]
    [InlineData("nat=us,us", "US US")]
    [InlineData("nat=lego", null)]
    [InlineData("nat=dk,xx", null)]
    [InlineData("nat=dk,%20fr", null)]
    [InlineData("nat=,", null)]
    [InlineData("lego", "LEGO")]
    [InlineData("lego=false&nat=dk", "DK")]
    [InlineData("seed=abcdefabcdefabcd05&nat=us", "DK")]
    [InlineData("seed=abcdefabcdefabcdff", null)]
    public void Nationalities_OfAnyList_AreAllKnownOrAll(string query, string? expected)
        => Assert.Equal(expected ?? string.Join(' ', Catalog.All.Select(nationality => nationality.Code)), string.Join(' ', Parse(query).People.Nationalities.Select(nationality => nationality.Code)));

    [Theory]
    [InlineData("", "All")]
    [InlineData("inc=", "All")]
    [InlineData("inc=Name,%20NAT ,bogus", "Name, Nat")]
    [InlineData("inc=bogus", "None")]
    [InlineData("inc=all", "None")]
    [InlineData("inc=4095", "None")]
    [InlineData("inc=name,email&exc=email", "Name")]
    [InlineData("exc=login,location,picture,dob,registered,id,cell,phone", "Gender, Name, Email, Nat")]
    public void Fields_OfIncAndExc_AreTheDifference(string query, string expected) => Assert.Equal(expected, Parse(query).Fields.ToString());

    [Theory]
    [InlineData("", "Json")]
    [InlineData("format=PRETTY", "PrettyJson")]
    [InlineData("format=prettyjson", "PrettyJson")]
    [InlineData("fmt=csv", "Csv")]
    [InlineData("fmt=xml&format=csv", "Xml")]
    [InlineData("format=yaml", "Yaml")]
    [InlineData("format=yml", "Json")]
    public void Format_OfAnyText_FallsBackToJson(string query, string expected) => Assert.Equal(expected, Parse(query).Format.ToString());

    [Theory]
    [InlineData("", false)]
    [InlineData("noinfo", true)]
    [InlineData("noinfo=false", true)]
    [InlineData("noinfo&lego=false", false)]
    public void NoInfo_WhateverItsValue_DropsTheBlock(string query, bool expected) => Assert.Equal(expected, Parse(query).NoInfo);

    [Theory]
    [InlineData("number,8", "0123456789", 8, 8)]
    [InlineData("upper,lower,1-16", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 1, 16)]
    [InlineData("number,16-1", "0123456789", 1, 16)]
    [InlineData("number", "0123456789", 8, 64)]
    [InlineData("number,number,5", "0123456789", 5, 5)]
    [InlineData("number,0-5", "0123456789", 8, 64)]
    [InlineData("number,70-90", "0123456789", 8, 64)]
    [InlineData("number,10-x", "0123456789", 8, 64)]
    [InlineData("5,number", "0123456789", 8, 64)]
    public void Password_OfARule_HasItsCharsetAndLength(string rule, string charset, int min, int max)
        => Assert.Equal(new PasswordPolicy(charset, min, max), PasswordPolicy.Parse(rule));

    [Theory]
    [InlineData("")]
    [InlineData("8-16")]
    [InlineData("Upper,Lower")]
    public void Password_WithoutCharset_IsOneOfTheList(string rule) => Assert.Null(PasswordPolicy.Parse(rule));

    private static RandomUserQuery Parse(string query)
        => RandomUserQuery.Parse(new QueryCollection(QueryHelpers.ParseQuery(query)), Catalog);
}
