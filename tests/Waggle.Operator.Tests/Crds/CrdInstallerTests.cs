using System.Text.Json.Nodes;
using Waggle.Operator.Crds;

namespace Waggle.Operator.Tests.Crds;

public sealed class CrdInstallerTests
{
    [Fact]
    public void Definitions_BuiltIn_AreTheKnownTypes()
    {
        string[] names = [.. CrdInstaller.Definitions().Select(d => (string)d["metadata"]!["name"]!)];
        Assert.Equal(
            [
                "ciliumcidrgroups.cilium.io", "ciliumclusterwidenetworkpolicies.cilium.io", "ciliumendpoints.cilium.io", "ciliumidentities.cilium.io",
                "ciliumnetworkpolicies.cilium.io", "ciliumnodes.cilium.io", "isovalentmulticastgroups.isovalent.com", "multicastnodes.waggle.io",
            ],
            names);
        Assert.All(CrdInstaller.Definitions(), d => Assert.Equal($"{d["spec"]!["names"]!["plural"]}.{d["spec"]!["group"]}", (string)d["metadata"]!["name"]!));
    }

    [Theory]
    [InlineData("""{"a":1,"b":{"c":[1,2]},"x":"default"}""", """{"a":1,"b":{"c":[1,2]}}""", true)]
    [InlineData("""{"a":1}""", """{"a":2}""", false)]
    [InlineData("""{"a":[1,2]}""", """{"a":[1]}""", false)]
    [InlineData("""{}""", """{"a":false,"p":0}""", true)]
    [InlineData("""{}""", """{"a":true}""", false)]
    [InlineData("null", """{"a":1}""", false)]
    public void Contains_ServersDefaults_AreNoDifference(string whole, string part, bool expected) =>
        Assert.Equal(expected, JsonSubset.Contains(JsonNode.Parse(whole), JsonNode.Parse(part)));
}
