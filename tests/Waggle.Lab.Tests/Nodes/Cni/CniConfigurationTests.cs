using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Lab.Nodes.Cni;

namespace Waggle.Lab.Tests.Nodes.Cni;

public sealed class CniConfigurationTests
{
    [Fact]
    public void Find_SeveralFiles_TakesTheFirstValidOne()
    {
        string directory = Directory.CreateTempSubdirectory("wgt-cni").FullName;
        try
        {
            File.WriteAllText($"{directory}/00.txt", "ignored");
            File.WriteAllText($"{directory}/01.conflist", "{");
            File.WriteAllText($"{directory}/05.conf", """{"name":"five","type":"bridge"}""");
            File.WriteAllText($"{directory}/10.conflist", """{"name":"ten","plugins":[{"type":"a"}]}""");
            List<string> invalid = [];
            CniConfiguration found = CniConfiguration.Find(directory, (file, _) => invalid.Add(Path.GetFileName(file)))!;
            Assert.Equal(("five", "0.2.0", "bridge"), (found.Name, found.Version, found.Plugins[0]["type"]!.GetValue<string>()));
            Assert.Equal(["01.conflist"], invalid);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Theory]
    [InlineData("""{"plugins":[{"type":"a"}]}""")]
    [InlineData("""{"name":"n","plugins":[]}""")]
    [InlineData("""{"name":"n","plugins":{}}""")]
    [InlineData("""{"name":"n","plugins":[1]}""")]
    [InlineData("""{"name":"n","plugins":[{}]}""")]
    [InlineData("""{"name":"n","plugins":[{"type":"../../bin/sh"}]}""")]
    [InlineData("""{"name":"n","type":".."}""")]
    [InlineData("[]")]
    public void Parse_SomethingElse_IsRefused(string text) => Assert.Throws<FormatException>(() => CniConfiguration.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    public void Parse_NoJson_IsRefused(string text) => Assert.ThrowsAny<JsonException>(() => CniConfiguration.Parse(text));

    [Fact]
    public void AddressesOf_AResult_AreWithoutPrefix()
    {
        JsonObject result = JsonNode.Parse("""{"ips":[{"address":"10.0.0.5/24"},{"address":"fd00::5/120","version":"6"},{}]}""")!.AsObject();
        Assert.Equal(["10.0.0.5", "fd00::5"], CniInvoker.AddressesOf(result));
        Assert.Empty(CniInvoker.AddressesOf([]));
    }
}
