using System.Text;
using Waggle.Bpf.Btf;

namespace Waggle.Tools.AbiGen;

/// <summary>C names to C# names.</summary>
internal static class Names
{
    /// <summary>snake_case or SHOUTING_CASE to PascalCase.</summary>
    internal static string Pascal(string name)
    {
        var text = new StringBuilder();
        foreach (var part in name.Split('_', StringSplitOptions.RemoveEmptyEntries))
        {
            text.Append(char.ToUpperInvariant(part[0])).Append(part[1..].ToLowerInvariant());
        }

        return text.Length == 0 || char.IsDigit(text[0]) ? "_" + text : text.ToString();
    }

    /// <summary>
    /// What all values of an enum start with and C# needs not repeat: the words of the enum's name, as many as they share
    /// (join_flags: JOIN_). By the name, so that a value more never renames the others.
    /// </summary>
    internal static string CommonPrefix(BtfType type)
    {
        var words = type.Name.ToUpperInvariant().Split('_');
        for (var count = words.Length; count > 0; count--)
        {
            var prefix = string.Join('_', words.Take(count)) + "_";
            if (type.Values.All(v => v.Name.StartsWith(prefix, StringComparison.Ordinal) && v.Name.Length > prefix.Length))
            {
                return prefix;
            }
        }

        return "";
    }

    /// <summary>Name of the inline array type for count elements.</summary>
    internal static string Array(string element, int count) => $"{Capitalise(element)}Array{count}";

    private static string Capitalise(string name) => char.ToUpperInvariant(name[0]) + name[1..];
}
