using System.Text;

namespace Waggle.Lab.Nodes.Variables;

/// <summary>References <c>$(NAME)</c> in commands, arguments and values; <c>$$</c> stands for one <c>$</c>. Unknown names stay as they are.</summary>
internal static class VariableExpansion
{
    public static string Expand(string text, IReadOnlyDictionary<string, string> variables)
    {
        if (!text.Contains('$'))
            return text;
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                result.Append(text[i]);
            }
            else if (text[i + 1] == '$')
            {
                result.Append('$');
                i++;
            }
            else if (text[i + 1] == '(' && text.IndexOf(')', i + 2) is > 0 and var end)
            {
                string name = text[(i + 2)..end];
                result.Append(variables.TryGetValue(name, out string? value) ? value : text[i..(end + 1)]);
                i = end;
            }
            else
            {
                result.Append('$');
            }
        }
        return result.ToString();
    }

    public static IReadOnlyList<string> ExpandAll(IReadOnlyList<string> texts, IReadOnlyDictionary<string, string> variables) =>
        [.. texts.Select(text => Expand(text, variables))];
}
