using System.Text.Json.Nodes;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

public sealed class SchemaTests
{
    private static readonly SchemaLibrary s_library = SchemaLibrary.Load();

    [Fact]
    public void Load_OfEveryFile_ResolvesAllTypes()
    {
        Assert.True(s_library.Resources.Count > 30);
        foreach (var type in s_library.Types)
        {
            foreach (var (name, property) in type.Properties)
            {
                Assert.False(property.Target.ListType == "map" && property.Target.Items!.Target.Properties.Count > 0 && property.Target.ListMapKeys.Any(k => !property.Target.Items.Target.Properties.ContainsKey(k)), $"{type.TypeName}.{name}: its key is no field of its items");
                Assert.False(property.PatchMergeKey is { } key && !property.Target.Items!.Target.Properties.ContainsKey(key), $"{type.TypeName}.{name}: its merge key is no field of its items");
            }
        }
    }

    [Fact]
    public void OpenApi_OfEverything_RefersToNothingThatIsMissing()
    {
        var surface = new ApiSurface(s_library, []);
        var document = OpenApiDocuments.V2(surface);
        var definitions = (JsonObject)document["definitions"]!;
        void Check(JsonNode? node)
        {
            if (node is JsonObject map)
            {
                if (J.Str(map, "$ref") is { } reference)
                {
                    Assert.True(definitions.ContainsKey(reference["#/definitions/".Length..]), reference);
                }
                foreach (var (_, child) in map)
                {
                    Check(child);
                }
            }
            foreach (var child in node as JsonArray ?? [])
            {
                Check(child);
            }
        }
        Check(definitions);
        Assert.NotEmpty(OpenApiV2Protobuf.Encode(document));
        foreach (var path in ((JsonObject)OpenApiDocuments.Index(surface)["paths"]!).Select(p => p.Key))
        {
            Assert.NotNull(OpenApiDocuments.V3(surface, path));
        }
    }

    [Theory]
    [InlineData("5s", 5)]
    [InlineData("119s", 119)]
    [InlineData("2m0s", 120)]
    [InlineData("6m46s", 406)]
    [InlineData("10m", 630)]
    [InlineData("2h59m", 10799)]
    [InlineData("3h", 10800)]
    [InlineData("8h", 29400)]
    [InlineData("2d", 172800)]
    [InlineData("2d1h", 176400)]
    [InlineData("30d", 2592000)]
    public void HumanDuration_IsKubectls(string expected, int seconds) => Assert.Equal(expected.Replace("2m0s", "2m", StringComparison.Ordinal).Replace("2h59m", "179m", StringComparison.Ordinal), HumanDuration.Of(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(".a.b", "1")]
    [InlineData("{.list[0].n}", "1")]
    [InlineData(".list[*].n", "1,2")]
    [InlineData(".list[?(@.t==\"y\")].n", "2")]
    [InlineData("['a']['b']", "1")]
    [InlineData(".a\\.c", "dotted")]
    [InlineData(".missing.x", "")]
    public void JsonPath_FindsWhatColumnsNeed(string path, string expected)
    {
        var tree = YamlTree.Parse("{a: {b: 1}, a.c: dotted, list: [{n: 1, t: x}, {n: 2, t: y}]}")!;
        Assert.True(JsonPath.TryParse(path, out var parsed));
        Assert.Equal(expected, string.Join(",", parsed.Find(tree).Select(J.Show)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData(".a[")]
    [InlineData(".a[?(x)]")]
    [InlineData("..")]
    public void JsonPath_ThatIsNone_IsRefused(string path) => Assert.False(JsonPath.TryParse(path, out _));

    [Theory]
    [InlineData("1", true)]
    [InlineData("500m", true)]
    [InlineData("1.5Gi", true)]
    [InlineData("1e3", true)]
    [InlineData(".5", true)]
    [InlineData("1GB", false)]
    [InlineData("", false)]
    [InlineData("x", false)]
    public void Quantity_IsChecked(string text, bool good) => Assert.Equal(good, Formats.Fault("quantity", text) is null);
}
