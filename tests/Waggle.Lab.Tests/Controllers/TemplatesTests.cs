using System.Text.Json;
using System.Text.RegularExpressions;
using Waggle.Kube.Resources;
using Waggle.Lab.Controllers;

namespace Waggle.Lab.Tests.Controllers;

public class TemplatesTests
{
    [Theory]
    [InlineData("""{"spec":{"a":1,"b":2}}""", """{"spec":{"b":2,"a":1}}""", true)]
    [InlineData("""{"metadata":{"creationTimestamp":null,"labels":{"pod-template-hash":"x"}},"spec":{}}""", """{"spec":{}}""", true)]
    [InlineData("""{"spec":{"x":null}}""", """{"spec":{}}""", true)]
    [InlineData("""{"spec":{"list":[1,2]}}""", """{"spec":{"list":[2,1]}}""", false)]
    [InlineData("""{"metadata":{"labels":{"a":"b"}},"spec":{}}""", """{"spec":{}}""", false)]
    public void Equal_OnlyWhatMatters(string a, string b, bool expected)
    {
        var (first, second) = (Parse(a), Parse(b));

        Assert.Equal(expected, Templates.AreEqual(first, second));
        Assert.Equal(expected, Templates.Hash(first, 0) == Templates.Hash(second, 0));
    }

    [Fact]
    public void Hash_Collision_AnotherTextInTheSafeAlphabet()
    {
        var template = Parse("""{"spec":{"containers":[]}}""");
        var hashes = Enumerable.Range(0, 20).Select(i => Templates.Hash(template, i)).ToList();

        Assert.Equal(20, hashes.Distinct().Count());
        Assert.All(hashes, h => Assert.Matches(new Regex("^[bcdfghjklmnpqrstvwxz2456789]{1,10}$"), h));
    }

    [Fact]
    public void MakePod_TemplateParts_CopiedAndOwned()
    {
        var template = Parse("""{"metadata":{"labels":{"a":"b"},"annotations":{"c":"d"},"name":"ignored"},"spec":{"unknown":[1]}}""");
        var pod = Templates.MakePod(template, new() { Name = "rs", Namespace = "ns" }, new() { ApiVersion = "apps/v1", Kind = "ReplicaSet", Name = "rs", Uid = "u", Controller = true });

        Assert.Equal(
            """{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"rs-","namespace":"ns","labels":{"a":"b"},"annotations":{"c":"d"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"rs","uid":"u","controller":true}]},"spec":{"unknown":[1]}}""",
            pod.ToJsonString());
    }

    private static PodTemplate Parse(string json) => new(JsonDocument.Parse(json).RootElement);
}
