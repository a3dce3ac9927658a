using System.Text.Json.Nodes;
using Waggle.Kube.Json;

namespace Waggle.Kube.Tests.Json;

public sealed class KubeYamlTests
{
    [Theory]
    [InlineData("a: 1", """{"a":1}""")]
    [InlineData("a: \"1\"", """{"a":"1"}""")]
    [InlineData("a: 10.0.0.0/8", """{"a":"10.0.0.0/8"}""")]
    [InlineData("a: 10.0.0.1", """{"a":"10.0.0.1"}""")]
    [InlineData("a: 1.5", """{"a":1.5}""")]
    [InlineData("a: 1e3", """{"a":1000}""")]
    [InlineData("a: 007", """{"a":"007"}""")]
    [InlineData("a: -3", """{"a":-3}""")]
    [InlineData("a: 0", """{"a":0}""")]
    [InlineData("a: -", """{"a":[null]}""")]
    [InlineData("a: e1", """{"a":"e1"}""")]
    [InlineData("a: yes", """{"a":"yes"}""")]
    [InlineData("a: true", """{"a":true}""")]
    [InlineData("a: ~", """{"a":null}""")]
    [InlineData("a: |\n  x\n  y\n", """{"a":"x\ny\n"}""")]
    [InlineData("a: &x [1, 2]\nb: *x", """{"a":[1,2],"b":[1,2]}""")]
    public void ReadAll_Scalars_HaveTheirTypes(string yaml, string json)
    {
        if (yaml == "a: -")
        {
            yaml = "a:\n-";
        }

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), Assert.Single(KubeYaml.ReadAll(yaml))), yaml);
    }

    [Fact]
    public void ReadAll_SeveralDocuments_SkipsEmptyOnes() => Assert.Equal(2, KubeYaml.ReadAll("---\na: 1\n---\n---\n# only a comment\n---\nb: 2\n").Count);

    [Theory]
    [InlineData("a: [1")]
    [InlineData("- 1")]
    [InlineData("{a: 1}: 2")]
    [InlineData("a: *nope")]
    public void ReadAll_NotAManifest_SaysTheLine(string yaml) => Assert.Contains("line ", Assert.Throws<FormatException>(() => KubeYaml.ReadAll(yaml)).Message);
}
