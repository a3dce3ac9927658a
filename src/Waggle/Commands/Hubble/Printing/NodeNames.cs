namespace Waggle.Commands.Hubble.Printing;

/// <summary>Lists of node names that may be long.</summary>
internal static class NodeNames
{
    private const int Enough = 50;

    /// <summary>As many names as fit, at least one; then how many more there are.</summary>
    public static string Join(IReadOnlyList<string> names)
    {
        int length = 0, shown = names.Count;
        for (var i = 0; i < names.Count; i++)
        {
            length += names[i].Length + 2;
            if (length > Enough && i > 0)
            {
                shown = i;
                break;
            }
        }

        var text = string.Join(", ", names.Take(shown));
        return shown == names.Count ? text : $"{text} (and {names.Count - shown} more)";
    }
}
