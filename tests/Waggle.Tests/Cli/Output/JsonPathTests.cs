using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;

namespace Waggle.Tests.Cli.Output;

public sealed class JsonPathTests
{
    private const string Pods = """
        {"items":[
          {"name":"a","labels":{"k8s.io/app":"web"},"n":1,"ips":["10.0.0.1","fd00::1"]},
          {"name":"b","labels":{},"n":20,"ips":["10.0.0.2"]}]}
        """;

    [Theory]
    [InlineData("{.items[*].name}", "a b")]
    [InlineData("{.items[0].name}", "a")]
    [InlineData("{.items[-1].name}", "b")]
    [InlineData("{.items[0:1].name}", "a")]
    [InlineData("{.items[9].name}", "")]
    [InlineData("{..name}", "a b")]
    [InlineData("{.items[?(@.name==\"b\")].n}", "20")]
    [InlineData("{.items[?(@.n>3)].name}", "b")]
    [InlineData("{.items[?(@.labels)].name}", "a b")]
    [InlineData("{.items[0].labels.k8s\\.io/app}", "web")]
    [InlineData("{.items[0].labels['k8s.io/app']}", "web")]
    [InlineData("{range .items[*]}{.name}={.ips[0]}{\"\\n\"}{end}", "a=10.0.0.1\nb=10.0.0.2\n")]
    [InlineData("first: {$.items[0].ips}", "first: [\"10.0.0.1\",\"fd00::1\"]")]
    [InlineData("items[1].name", "b")]
    [InlineData(".items[1].name", "b")]
    [InlineData("{.missing.deeper}", "")]
    public void Render_Template_GivesWhatKubectlGives(string template, string expected) =>
        Assert.Equal(expected, JsonPath.Parse(template).Render(JsonNode.Parse(Pods)));

    [Theory]
    [InlineData("{.items[")]
    [InlineData("{.items")]
    [InlineData("{range .items[*]}{.name}")]
    [InlineData("{end}")]
    [InlineData("{.items[a]}")]
    [InlineData("{.items[?(@.n>bad)]}")]
    [InlineData("{items}")]
    [InlineData("{.items[0:2:0]}")]
    public void Parse_MalformedTemplate_IsAUsageError(string template) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<CliException>(() => JsonPath.Parse(template)).ExitCode);
}
