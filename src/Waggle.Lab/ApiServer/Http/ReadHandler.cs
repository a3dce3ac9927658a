using System.Globalization;
using System.Text;

namespace Waggle.Lab.ApiServer;

/// <summary>get and list.</summary>
internal sealed class ReadHandler(ApiServerRuntime runtime)
{
    private readonly ListSnapshots _snapshots = new(runtime.Options.Time);

    public Task GetAsync(ApiRequest request)
    {
        var item = runtime.Store.Snapshot(request.Resource.StoreName).Find(StoredObject.KeyOf(request.Namespace, request.Name!))
            ?? throw ApiException.NotFound(request.Resource, request.Name!);
        return Responses.WriteObjectAsync(request, 200, item);
    }

    public Task ListAsync(ApiRequest request)
    {
        var labels = LabelSelector.Parse(request.Query("labelSelector"));
        var fields = FieldSelector.Parse(request.Query("fieldSelector"), request.Resource);
        var limit = request.QueryInt("limit") ?? 0;
        var (snapshot, after) = Source(request);
        var matching = new List<StoredObject>();
        string? continuation = null;
        long? remaining = null;
        foreach (var item in Candidates(snapshot, request, fields, after))
        {
            if (!labels.Matches(item.Labels) || !fields.Matches(item))
            {
                continue;
            }
            if (limit > 0 && matching.Count == limit)
            {
                continuation = _snapshots.Keep(request.Resource.StoreName, snapshot, matching[^1].Key);
                if (labels.IsEverything && fields.IsEverything)
                {
                    remaining = snapshot.Range(request.Namespace, matching[^1].Key).LongCount();
                }
                break;
            }
            matching.Add(item);
        }
        return Responses.WriteListAsync(request, matching, snapshot.Revision, continuation, remaining);
    }

    private static IEnumerable<StoredObject> Candidates(ResourceSnapshot snapshot, ApiRequest request, FieldSelector fields, string? after)
    {
        // "metadata.name=x" in a namespace is a lookup; kubectl watches single objects that way.
        if (after is null && fields.ExactName is { } name && (request.Namespace is not null || !request.Resource.Namespaced))
        {
            return snapshot.Find(StoredObject.KeyOf(request.Namespace, name)) is { } one ? [one] : [];
        }
        return snapshot.Range(request.Namespace, after);
    }

    private (ResourceSnapshot, string? After) Source(ApiRequest request)
    {
        var name = request.Resource.StoreName;
        if (request.Query("continue") is { Length: > 0 } token)
        {
            return _snapshots.Find(name, token);
        }
        var snapshot = runtime.Store.Snapshot(name);
        if (request.Query("resourceVersion") is not { Length: > 0 } text || text == "0")
        {
            return (snapshot, null);
        }
        var wanted = Revision(text);
        if (wanted > snapshot.Revision)
        {
            throw new ApiException(504, "Timeout", $"Too large resource version: {wanted}, current: {snapshot.Revision}") { RetryAfterSeconds = 1 };
        }
        if (request.Query("resourceVersionMatch") == "Exact" && wanted != snapshot.Revision)
        {
            if (runtime.Store.Log(name).LastRevision > wanted)
            {
                throw ApiException.Expired($"The resourceVersion for the provided list is too old: {wanted}");
            }
            return (snapshot with { Revision = wanted }, null);
        }
        return (snapshot, null);
    }

    /// <exception cref="ApiException">400.</exception>
    public static long Revision(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : throw ApiException.BadRequest($"Invalid value: \"{text}\": resourceVersion must be a whole number");
}

/// <summary>The states that paged lists are read from, kept for some minutes so that all pages show one state.</summary>
internal sealed class ListSnapshots(TimeProvider time)
{
    private const int MaxKept = 64;
    private static readonly TimeSpan s_lifetime = TimeSpan.FromMinutes(5);
    private readonly Lock _lock = new();
    private readonly LinkedList<(string Resource, ResourceSnapshot Snapshot, DateTimeOffset Since)> _kept = new();

    /// <summary>Keeps the state and makes the token for what follows <paramref name="lastKey"/>.</summary>
    public string Keep(string resource, ResourceSnapshot snapshot, string lastKey)
    {
        lock (_lock)
        {
            if (!_kept.Any(k => k.Resource == resource && k.Snapshot.Revision == snapshot.Revision))
            {
                _kept.AddLast((resource, snapshot, time.GetUtcNow()));
                while (_kept.Count > MaxKept || _kept.First!.Value.Since + s_lifetime < time.GetUtcNow())
                {
                    _kept.RemoveFirst();
                }
            }
        }
        return Convert.ToBase64String(Encoding.UTF8.GetBytes($"{snapshot.Revision}|{lastKey}"));
    }

    /// <exception cref="ApiException">400 for a wrong token, 410 when the state is no longer kept.</exception>
    public (ResourceSnapshot, string After) Find(string resource, string token)
    {
        string text;
        try
        {
            text = Encoding.UTF8.GetString(Convert.FromBase64String(token));
        }
        catch (FormatException)
        {
            throw ApiException.BadRequest("the continue token is not valid");
        }
        var bar = text.IndexOf('|');
        if (bar < 0 || !long.TryParse(text.AsSpan(0, bar), NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
        {
            throw ApiException.BadRequest("the continue token is not valid");
        }
        lock (_lock)
        {
            foreach (var kept in _kept)
            {
                if (kept.Resource == resource && kept.Snapshot.Revision == revision)
                {
                    return (kept.Snapshot, text[(bar + 1)..]);
                }
            }
        }
        throw ApiException.Expired("The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.");
    }
}
