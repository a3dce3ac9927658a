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

    /// <summary>What all values of an enum start with, up to an underscore: C has no scoped names, C# needs no prefix.</summary>
    internal static string CommonPrefix(BtfType type)
    {
        var prefix = type.Values.IsEmpty ? "" : type.Values[0].Name;
        foreach (var value in type.Values)
        {
            var length = 0;
            while (length < prefix.Length && length < value.Name.Length && prefix[length] == value.Name[length])
            {
                length++;
            }

            prefix = prefix[..length];
        }

        return prefix[..(prefix.LastIndexOf('_') + 1)];
    }

    /// <summary>Name of the inline array type for count elements.</summary>
    internal static string Array(string element, int count) => $"{Capitalise(element)}Array{count}";

    private static string Capitalise(string name) => char.ToUpperInvariant(name[0]) + name[1..];
}
