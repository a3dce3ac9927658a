using Microsoft.AspNetCore.Http;

namespace Waggle.Lab.ApiServer;

/// <summary>A request for a resource, after authentication and parsing of its path.</summary>
internal sealed record ApiRequest(HttpContext Http, UserInfo User, ResourceDefinition Resource, string? Namespace, string? Name, string? Subresource, string? Rest)
{
    private List<string>? _warnings;

    public CancellationToken Aborted => Http.RequestAborted;

    public string? Query(string name) => Http.Request.Query.TryGetValue(name, out var value) ? value[^1] : null;

    public bool Flag(string name) => Query(name) is "true" or "1" or "True" || (Http.Request.Query.TryGetValue(name, out var value) && value[^1] is "");

    public IEnumerable<string> QueryAll(string name) => Http.Request.Query.TryGetValue(name, out var values) ? values.OfType<string>() : [];

    public long? QueryInt(string name)
    {
        if (Query(name) is not { Length: > 0 } text)
        {
            return null;
        }
        return long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var value)
            ? value
            : throw ApiException.BadRequest($"the parameter {name} must be a whole number, not \"{text}\"");
    }

    public bool DryRun
    {
        get
        {
            var values = QueryAll("dryRun").Where(v => v.Length > 0).ToList();
            return values.Count != 0 && (values.All(v => v == "All") ? true : throw ApiException.BadRequest($"Invalid value: \"{values[0]}\": supported values of dryRun: All"));
        }
    }

    /// <summary>Who writes, for managedFields: the parameter, or the program's name from User-Agent.</summary>
    public string FieldManager
    {
        get
        {
            if (Query("fieldManager") is { Length: > 0 } manager)
            {
                return manager.Length <= 128 ? manager : throw ApiException.BadRequest("fieldManager may have at most 128 characters");
            }
            var agent = Http.Request.Headers.UserAgent.ToString();
            var end = agent.IndexOfAny(['/', ' ']);
            var name = end >= 0 ? agent[..end] : agent;
            return name.Length == 0 ? "unknown" : name.Length <= 128 ? name : name[..128];
        }
    }

    /// <summary>Sends a Warning header with the answer; kubectl prints it.</summary>
    public void Warn(string text)
    {
        _warnings ??= [];
        if (_warnings.Count < 20)
        {
            _warnings.Add(text);
            var clean = new string([.. text.Select(c => c is < ' ' or > '~' ? '?' : c)]).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
            Http.Response.Headers.Append("Warning", $"299 - \"{clean}\"");
        }
    }
}
