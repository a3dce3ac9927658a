using System.Text.Json.Nodes;
using Waggle.Cli.Output;
using YamlDotNet.RepresentationModel;

namespace Waggle.Tests.Cli.Output;

public sealed class YamlWriterTests
{
    [Fact]
    public void Write_NestedValues_UsesBlockStyle() => Assert.Equal(
        """
        name: a
        list:
        - x: 1
          why:
          - true
          - null
        - two
        empty: []
        none: {}
        text: |
          one
          two
        address: 10.0.0.1
        quoted: "true"

        """.ReplaceLineEndings("\n"),
        Write("""{"name":"a","list":[{"x":1,"why":[true,null]},"two"],"empty":[],"none":{},"text":"one\ntwo\n","address":"10.0.0.1","quoted":"true"}"""));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("yes")]
    [InlineData("~")]
    [InlineData("1.5")]
    [InlineData("0x1f")]
    [InlineData("1e3")]
    [InlineData("12:30:45")]
    [InlineData("2024-01-01")]
    [InlineData("- a")]
    [InlineData("key: value")]
    [InlineData("a #b")]
    [InlineData(" padded ")]
    [InlineData("line\nbreak")]
    [InlineData("line\n\n  indented\n")]
    [InlineData("\n\nfirst empty")]
    [InlineData("trailing\n\n\n")]
    [InlineData("tab\there")]
    [InlineData("quote\"back\\slash")]
    [InlineData("fd00::1")]
    [InlineData("::1")]
    [InlineData("k8s:app=web")]
    [InlineData("🛰 emoji")]
    [InlineData("\u0001\u2028")]
    [InlineData("ends:")]
    [InlineData("@at")]
    public void Write_AnyString_ReadsBackTheSame(string text)
    {
        // An independent YAML reader is the judge.
        var yaml = Write(new JsonObject { ["outer"] = new JsonArray(new JsonObject { [text.Length == 0 ? "k" : text] = text }) }.ToJsonString());
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        var item = (YamlMappingNode)((YamlSequenceNode)((YamlMappingNode)stream.Documents[0].RootNode)["outer"])[0];
        var (key, value) = item.Children.Single();
        Assert.Equal(text, ((YamlScalarNode)value).Value);
        Assert.Equal(text.Length == 0 ? "k" : text, ((YamlScalarNode)key).Value);
        var plain = ((YamlScalarNode)value).Style == YamlDotNet.Core.ScalarStyle.Plain;
        Assert.False(plain && text is "" or "null" or "yes" or "~" or "1.5" or "0x1f" or "1e3" or "12:30:45" or "2024-01-01", yaml);
    }

    private static string Write(string json)
    {
        using var output = new StringWriter();
        YamlWriter.Write(output, JsonNode.Parse(json));
        return output.ToString();
    }
}
