namespace Waggle.Policy.Rules.Parsing;

/// <summary>Checks what rules say about the content of streams, so that it is right when there is a proxy to act on it.</summary>
internal static class L7Reader
{
    private static readonly string[] s_parsers = ["http", "kafka", "dns", "l7proto"];

    /// <returns>The parser that is asked for; null when there are no rules.</returns>
    public static string? Read(Field rules, Direction direction)
    {
        if (!rules.IsObject())
        {
            return null;
        }

        rules.Only("http", "kafka", "dns", "l7proto", "l7");
        string[] present = [.. s_parsers.Where(p => rules[p].Exists)];
        if (present.Length > 1)
        {
            rules.Error($"{string.Join(" and ", present)} exclude each other");
        }

        if (rules["l7"].Exists && !rules["l7proto"].Exists)
        {
            rules["l7"].Error("goes with l7proto only");
        }

        if (direction == Direction.Ingress && rules["dns"].Exists)
        {
            rules["dns"].Error("is for egress only");
        }

        foreach (Field http in rules["http"].Items() ?? [])
        {
            http.Only("method", "path", "host", "headers", "headerMatches");
        }

        foreach (Field kafka in rules["kafka"].Items() ?? [])
        {
            kafka.Only("role", "apiKey", "apiVersion", "clientID", "topic");
            if (kafka["role"].Exists && kafka["apiKey"].Exists)
            {
                kafka["apiKey"].Error("and role exclude each other");
            }
        }

        foreach (Field name in rules["dns"].Items() ?? [])
        {
            DnsName(name);
        }

        return present.FirstOrDefault();
    }

    /// <summary>Checks a <c>matchName</c> or <c>matchPattern</c>.</summary>
    public static void DnsName(Field field)
    {
        if (!field.IsObject())
        {
            return;
        }

        field.Only("matchName", "matchPattern");
        string? name = field["matchName"].Text(), pattern = field["matchPattern"].Text();
        if (string.IsNullOrEmpty(name) == string.IsNullOrEmpty(pattern))
        {
            field.Error("needs either matchName or matchPattern");
            return;
        }

        Field which = field[string.IsNullOrEmpty(name) ? "matchPattern" : "matchName"];
        string text = string.IsNullOrEmpty(name) ? pattern! : name;
        if (text.Length > 255 || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' || (c == '*' && name is null)))
        {
            which.Error($"{ProblemList.Quote(text)} is no DNS name{(name is null ? " with wildcards" : "")}");
        }
    }
}
