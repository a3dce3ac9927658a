using System.Text.Json.Nodes;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

public sealed class SelectorTests
{
    private static readonly Dictionary<string, string> s_labels = new() { ["app"] = "web", ["tier"] = "front", ["n"] = "5", ["a.b/c"] = "" };
    private static readonly ResourceDefinition s_pods = SchemaLibrary.Load().Resources.Single(r => r.QualifiedName == "pods");

    [Theory]
    [InlineData("", true)]
    [InlineData("app=web", true)]
    [InlineData("app==web,tier!=back", true)]
    [InlineData("app=other", false)]
    [InlineData("app in (web, api)", true)]
    [InlineData("app notin (web)", false)]
    [InlineData("missing notin (x)", true)]
    [InlineData("missing!=x", true)]
    [InlineData("app", true)]
    [InlineData("!app", false)]
    [InlineData(" ! missing , n>4 , n<6 ", true)]
    [InlineData("n>5", false)]
    [InlineData("a.b/c=", true)]
    public void Label_Selector_Matches(string text, bool expected) => Assert.Equal(expected, LabelSelector.Parse(text).Matches(s_labels));

    [Theory]
    [InlineData("=x")]
    [InlineData("a=b=c")]
    [InlineData("a in b")]
    [InlineData("a in (b")]
    [InlineData("a,,b")]
    [InlineData("-bad=x")]
    [InlineData("a=b c")]
    [InlineData("n>x")]
    [InlineData("a/b/c=d")]
    public void Label_SelectorThatIsNone_IsRefused(string text) => Assert.Equal(400, Assert.Throws<ApiException>(() => LabelSelector.Parse(text)).Code);

    [Theory]
    [InlineData("metadata.name=p", true)]
    [InlineData("metadata.namespace!=ns", false)]
    [InlineData("spec.nodeName=n1,status.phase==Running", true)]
    [InlineData("status.phase!=Running", false)]
    [InlineData("spec.hostNetwork=false", true)]
    [InlineData("status.podIP=", true)]
    public void Field_Selector_Matches(string text, bool expected)
    {
        var tree = (JsonObject)YamlTree.Parse("{metadata: {name: p, namespace: ns}, spec: {nodeName: n1}, status: {phase: Running}}")!;
        Assert.Equal(expected, FieldSelector.Parse(text, s_pods).Matches(new StoredObject("ns", "p", 1, [], tree)));
    }

    [Theory]
    [InlineData("spec.containers=x")]
    [InlineData("metadata.name")]
    [InlineData("=x")]
    [InlineData("metadata.name=a\\")]
    public void Field_SelectorThatIsNone_IsRefused(string text) => Assert.Equal(400, Assert.Throws<ApiException>(() => FieldSelector.Parse(text, s_pods)).Code);

    [Fact]
    public void Selectors_OfRandomText_NeverFailOtherwise()
    {
        var random = new Random(7);
        const string alphabet = "ab/.=!<>(), in\\-notin5\t";
        for (var i = 0; i < 50_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            try
            {
                LabelSelector.Parse(text).Matches(s_labels);
                FieldSelector.Parse(text, s_pods);
            }
            catch (ApiException e) when (e.Code == 400)
            {
            }
        }
    }
}
