using System.Text;
using System.Text.Json.Nodes;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

public sealed class PatchTests
{
    private static readonly SchemaLibrary s_library = SchemaLibrary.Load();
    private static readonly Schema s_deployment = s_library.Type("apps.Deployment");

    private static JsonObject Parse(string text) => (JsonObject)YamlTree.Parse(text)!;

    private static void Same(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(YamlTree.Parse(expected), actual), actual?.ToJsonString(JsonText.NodeOptions));

    private const string Deployment = """
        spec:
          template:
            spec:
              containers:
              - {name: a, image: one, env: [{name: X, value: "1"}, {name: Y, value: "2"}]}
              - {name: b, image: two}
              tolerations: [{key: k}]
        """;

    private static JsonNode? Strategic(string patch) => StrategicMerge.Apply(s_deployment, Parse(Deployment), Parse(patch));

    [Fact]
    public void Strategic_ListWithMergeKey_MergesByKey() => Same("""
        spec: {template: {spec: {containers: [{name: a, image: new, env: [{name: X, value: "1"}, {name: Y, value: "3"}]}, {name: b, image: two}, {name: c, image: three}], tolerations: [{key: k}]}}}
        """, Strategic("""
        spec: {template: {spec: {containers: [{name: a, image: new, env: [{name: Y, value: "3"}]}, {name: c, image: three}]}}}
        """));

    [Fact]
    public void Strategic_DeleteDirective_RemovesTheItem() => Same("""
        spec: {template: {spec: {containers: [{name: b, image: two}], tolerations: [{key: k}]}}}
        """, Strategic("spec: {template: {spec: {containers: [{name: a, $patch: delete}]}}}"));

    [Fact]
    public void Strategic_ReplaceDirectiveInList_ReplacesTheList() => Same("""
        spec: {template: {spec: {containers: [{name: z, image: z}], tolerations: [{key: k}]}}}
        """, Strategic("spec: {template: {spec: {containers: [{$patch: replace}, {name: z, image: z}]}}}"));

    [Fact]
    public void Strategic_ReplaceDirectiveInList_KeepsTwoOfOneKey() => Same("""
        spec: {template: {spec: {containers: [{name: z, image: "1"}, {name: z, image: "2"}], tolerations: [{key: k}]}}}
        """, Strategic("spec: {template: {spec: {containers: [{name: z, image: '1'}, {$patch: replace}, {name: z, image: '2'}]}}}"));

    [Fact]
    public void Strategic_ReplaceDirectiveInMap_ReplacesTheMap() => Same("""
        spec: {template: {spec: {containers: []}}}
        """, Strategic("spec: {template: {spec: {$patch: replace, containers: []}}}"));

    [Fact]
    public void Strategic_AtomicList_IsReplaced() => Same("[{key: z}]", Strategic("spec: {template: {spec: {tolerations: [{key: z}]}}}")!["spec"]!["template"]!["spec"]!["tolerations"]);

    [Fact]
    public void Strategic_SetElementOrder_Reorders() => Same("[{name: b, image: two}, {name: a, image: one, env: [{name: X, value: \"1\"}, {name: Y, value: \"2\"}]}]",
        Strategic("spec: {template: {spec: {$setElementOrder/containers: [{name: b}, {name: a}], containers: []}}}")!["spec"]!["template"]!["spec"]!["containers"]);

    [Fact]
    public void Strategic_RetainKeys_DropsTheOthers() => Same("{spec: {strategy: {type: Recreate}}}",
        StrategicMerge.Apply(s_deployment, Parse("spec: {strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}}"), Parse("spec: {strategy: {$retainKeys: [type], type: Recreate}}")));

    [Fact]
    public void Strategic_PrimitiveLists_AreSets() => Same("{metadata: {finalizers: [b, c]}}",
        StrategicMerge.Apply(s_deployment, Parse("metadata: {finalizers: [a, b]}"), Parse("metadata: {$deleteFromPrimitiveList/finalizers: [a], finalizers: [b, c]}")));

    [Fact]
    public void Strategic_ItemWithoutKey_IsRefused()
    {
        var error = Assert.Throws<ApiException>(() => Strategic("spec: {template: {spec: {containers: [{image: x}]}}}"));
        Assert.Equal(400, error.Code);
        Assert.Contains("merge key: name", error.Message, StringComparison.Ordinal);
    }

    // The examples of RFC 7396, appendix A.
    [Theory]
    [InlineData("{a: b}", "{a: c}", "{a: c}")]
    [InlineData("{a: b}", "{b: c}", "{a: b, b: c}")]
    [InlineData("{a: b}", "{a: null}", "{}")]
    [InlineData("{a: b, b: c}", "{a: null}", "{b: c}")]
    [InlineData("{a: [b]}", "{a: c}", "{a: c}")]
    [InlineData("{a: c}", "{a: [b]}", "{a: [b]}")]
    [InlineData("{a: {b: c}}", "{a: {b: d, c: null}}", "{a: {b: d}}")]
    [InlineData("{a: [{b: c}]}", "{a: [1]}", "{a: [1]}")]
    [InlineData("[a, b]", "[c, d]", "[c, d]")]
    [InlineData("{a: b}", "[c]", "[c]")]
    [InlineData("{a: foo}", "null", "null")]
    [InlineData("{e: null}", "{a: 1}", "{e: null, a: 1}")]
    [InlineData("[1, 2]", "{a: b, c: null}", "{a: b}")]
    [InlineData("{}", "{a: {bb: {ccc: null}}}", "{a: {bb: {}}}")]
    public void Merge_ExamplesOfRfc7396(string target, string patch, string expected) => Same(expected, MergePatch.Apply(YamlTree.Parse(target), YamlTree.Parse(patch)));

    // The examples of RFC 6902, appendix A.
    [Theory]
    [InlineData("{foo: bar}", "[{op: add, path: /baz, value: qux}]", "{baz: qux, foo: bar}")]
    [InlineData("{foo: [bar, baz]}", "[{op: add, path: /foo/1, value: qux}]", "{foo: [bar, qux, baz]}")]
    [InlineData("{baz: qux, foo: bar}", "[{op: remove, path: /baz}]", "{foo: bar}")]
    [InlineData("{foo: [bar, qux, baz]}", "[{op: remove, path: /foo/1}]", "{foo: [bar, baz]}")]
    [InlineData("{baz: qux, foo: bar}", "[{op: replace, path: /baz, value: boo}]", "{baz: boo, foo: bar}")]
    [InlineData("{foo: {bar: baz, waldo: fred}, qux: {corge: grault}}", "[{op: move, from: /foo/waldo, path: /qux/thud}]", "{foo: {bar: baz}, qux: {corge: grault, thud: fred}}")]
    [InlineData("{foo: [all, grass, cows, eat]}", "[{op: move, from: /foo/1, path: /foo/3}]", "{foo: [all, cows, eat, grass]}")]
    [InlineData("{baz: qux, foo: [a, 2, c]}", "[{op: test, path: /baz, value: qux}, {op: test, path: /foo/1, value: 2}]", "{baz: qux, foo: [a, 2, c]}")]
    [InlineData("{foo: bar}", "[{op: add, path: /child, value: {grandchild: {}}}]", "{foo: bar, child: {grandchild: {}}}")]
    [InlineData("{'/': 9, '~1': 10}", "[{op: test, path: '/~01', value: 10}]", "{'/': 9, '~1': 10}")]
    [InlineData("{foo: [bar]}", "[{op: add, path: /foo/-, value: [abc, def]}]", "{foo: [bar, [abc, def]]}")]
    public void Json_ExamplesOfRfc6902(string target, string patch, string expected) => Same(expected, JsonPatch.Apply(YamlTree.Parse(target), YamlTree.Parse(patch)));

    [Theory]
    [InlineData("[{op: test, path: /baz, value: bar}]", 422)]
    [InlineData("[{op: add, path: /a/b/c, value: 1}]", 422)]
    [InlineData("[{op: remove, path: /nope}]", 422)]
    [InlineData("[{op: remove, path: /list/7}]", 422)]
    [InlineData("[{op: add, path: /list/-1, value: 1}]", 422)]
    [InlineData("[{op: jump, path: /baz}]", 400)]
    [InlineData("[{op: add, path: baz, value: 1}]", 400)]
    [InlineData("[{op: add, path: /baz}]", 400)]
    [InlineData("{op: add}", 400)]
    public void Json_ThatDoesNotFit_IsRefused(string patch, int code)
    {
        var error = Assert.Throws<ApiException>(() => JsonPatch.Apply(Parse("{baz: qux, list: [1]}"), YamlTree.Parse(patch)));
        Assert.Equal(code, error.Code);
    }

    [Fact]
    public void Patches_OfRandomText_NeverFailOtherwiseThanAsExpected()
    {
        var random = new Random(42);
        string[] words = ["$patch", "delete", "replace", "$retainKeys", "name", "containers", "spec", "template", "$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers", "metadata", "a", "op", "add", "path", "/spec", "/spec/template/spec/containers/0", "value", "test", "remove", "move", "copy", "from"];
        JsonNode? Make(int depth) => (depth > 4 ? random.Next(2) : random.Next(6)) switch
        {
            0 => words[random.Next(words.Length)],
            1 => random.Next(3) == 0 ? null : JsonValue.Create((long)random.Next(10)),
            2 or 3 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Make(depth + 1))]),
            _ => MakeObject(depth),
        };
        JsonObject MakeObject(int depth)
        {
            var result = new JsonObject();
            for (var i = random.Next(5); i > 0; i--)
            {
                result[words[random.Next(words.Length)]] = Make(depth + 1);
            }
            return result;
        }
        for (var i = 0; i < 20_000; i++)
        {
            var patch = Make(0);
            try
            {
                switch (i % 3)
                {
                    case 0:
                        StrategicMerge.Apply(s_deployment, Parse(Deployment), patch as JsonObject ?? []);
                        break;
                    case 1:
                        JsonPatch.Apply(Parse(Deployment), patch);
                        break;
                    default:
                        MergePatch.Apply(Parse(Deployment), patch);
                        break;
                }
            }
            catch (ApiException e) when (e.Code is 400 or 422)
            {
            }
        }
    }

    [Theory]
    [InlineData("{\"a\":1,\"a\":2}", "a")]
    [InlineData("{\"x\":{\"b\":[{\"c\":1,\"c\":1}]}}", "x.b[0].c")]
    public void Json_WithDuplicateFields_ReportsTheirPaths(string text, string path)
    {
        var duplicates = new List<string>();
        JsonText.Parse(Encoding.UTF8.GetBytes(text), duplicates);
        Assert.Equal([path], duplicates);
    }

    [Fact]
    public void Yaml_WithAliasBomb_IsRefused()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 9; i++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }
        Assert.Throws<System.Text.Json.JsonException>(() => YamlTree.Parse(text.ToString()));
    }
}
