using System.Text;

namespace Waggle.Lab.ApiServer;

/// <summary>A field selector: <c>status.phase=Running,metadata.name!=x</c>, with <c>\,</c> <c>\=</c> and <c>\\</c> escaped in values.</summary>
internal sealed class FieldSelector
{
    private readonly List<(string Path, string[] Parts, bool Equal, string Value)> _terms = [];

    private FieldSelector() { }

    public static FieldSelector Everything { get; } = new();

    public bool IsEverything => _terms.Count == 0;

    /// <exception cref="ApiException">400: not a selector, or a field that this resource cannot be selected by.</exception>
    public static FieldSelector Parse(string? text, ResourceDefinition resource)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Everything;
        }
        var selector = new FieldSelector();
        foreach (var term in SplitTerms(text))
        {
            var at = term.IndexOf('=');
            if (at <= 0)
            {
                throw ApiException.BadRequest($"invalid field selector: \"{term}\" must be FIELD=VALUE, FIELD==VALUE or FIELD!=VALUE");
            }
            var equal = term[at - 1] != '!';
            var path = term[..(equal ? at : at - 1)].Trim();
            var value = term[(term.Length > at + 1 && term[at + 1] == '=' ? at + 2 : at + 1)..];
            if (path is not ("metadata.name" or "metadata.namespace") && !resource.SelectableFields.Contains(path))
            {
                throw ApiException.BadRequest($"field label not supported: {path}");
            }
            // events.k8s.io is stored as v1: its fields have other names there.
            var stored = path == "reportingController" ? "reportingComponent" : path.StartsWith("regarding.", StringComparison.Ordinal) ? "involvedObject" + path[9..] : path;
            selector._terms.Add((stored, stored.Split('.'), equal, Unescape(value, text)));
        }
        return selector;
    }

    /// <summary>The name when the selector asks for exactly one.</summary>
    public string? ExactName => _terms.Where(t => t.Path == "metadata.name" && t.Equal).Select(t => t.Value).FirstOrDefault();

    public bool Matches(StoredObject item)
    {
        foreach (var (path, parts, equal, value) in _terms)
        {
            var actual = path switch
            {
                "metadata.name" => item.Name,
                "metadata.namespace" => item.Namespace,
                "source" => J.Show(J.At(item.Tree, "source", "component") ?? J.At(item.Tree, "reportingComponent") ?? ""),
                "reportingComponent" => J.Show(J.At(item.Tree, "reportingComponent") ?? J.At(item.Tree, "source", "component") ?? ""),
                _ => J.At(item.Tree, parts) is { } node ? J.Show(node) : Absent(path),
            };
            if (actual == value != equal)
            {
                return false;
            }
        }
        return true;
    }

    private static string Absent(string path) => path is "spec.unschedulable" or "spec.hostNetwork" ? "false" : "";

    private static List<string> SplitTerms(string text)
    {
        var terms = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                terms.Add(text[start..i]);
                start = i + 1;
            }
        }
        terms.Add(text[start..]);
        terms.RemoveAll(string.IsNullOrWhiteSpace);
        return terms;
    }

    private static string Unescape(string value, string whole)
    {
        if (!value.Contains('\\'))
        {
            return value;
        }
        var result = new StringBuilder();
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\' && (++i == value.Length || value[i] is not ('\\' or ',' or '=')))
            {
                throw ApiException.BadRequest($"invalid field selector \"{whole}\": a backslash may only stand before '\\', ',' or '='");
            }
            result.Append(value[i]);
        }
        return result.ToString();
    }
}
