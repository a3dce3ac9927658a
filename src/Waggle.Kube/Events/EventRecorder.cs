using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Kube.Events;

/// <summary>Tells people what happened to an object, through core/v1 Events. Thread-safe.</summary>
/// <remarks>
/// The same words about the same object are one Event with a count. Failing to write one is never a failure of the work it is
/// about: it is counted in <see cref="Lost"/>.
/// </remarks>
public sealed class EventRecorder(KubeClient client, string component, string? host = null, TimeProvider? time = null)
{
    private const int Remembered = 1024;
    private const int MaxMessage = 1024;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _gate = new();
    private readonly Dictionary<Words, Written> _written = [];
    private long _lost;

    /// <summary>Events that could not be written.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>Something expected happened.</summary>
    public Task NormalAsync(ObjectReference about, string reason, string message, CancellationToken cancellation = default) =>
        RecordAsync(about, "Normal", reason, message, cancellation);

    /// <summary>Something a person should look at.</summary>
    public Task WarningAsync(ObjectReference about, string reason, string message, CancellationToken cancellation = default) =>
        RecordAsync(about, "Warning", reason, message, cancellation);

    /// <summary>Writes an event; never throws, except on cancellation.</summary>
    /// <param name="about">The object; use <see cref="ResourceType{T}.Reference"/>.</param>
    /// <param name="type"><c>Normal</c> or <c>Warning</c>.</param>
    /// <param name="reason">One CamelCase word for machines.</param>
    /// <param name="message">For people; cut at 1,024 characters.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public async Task RecordAsync(ObjectReference about, string type, string reason, string message, CancellationToken cancellation = default)
    {
        message = message.Length > MaxMessage ? message[..MaxMessage] : message;
        var words = new Words($"{about.Uid ?? $"{about.Kind}/{about.Namespace}/{about.Name}"} {about.FieldPath}", type, reason, message);
        var now = _time.GetUtcNow();
        try
        {
            if (Repeat(words, now) is { } known && await CountAsync(known, now, cancellation).ConfigureAwait(false))
            {
                return;
            }

            var created = await client.CreateAsync(KubeTypes.Events, Make(about, type, reason, message, now), cancellation: cancellation).ConfigureAwait(false);
            Remember(words, new(created.Metadata.Namespace ?? "default", created.Metadata.Name ?? "", 1, now));
        }
        catch (KubeApiException)
        {
            Interlocked.Increment(ref _lost);
        }
    }

    private Event Make(ObjectReference about, string type, string reason, string message, DateTimeOffset now)
    {
        // Events about cluster-scoped objects live in "default", as kubectl expects.
        var @namespace = string.IsNullOrEmpty(about.Namespace) ? "default" : about.Namespace;
        return new()
        {
            Metadata = new() { Namespace = @namespace, Name = $"{about.Name}.{(now.UtcTicks ^ Random.Shared.NextInt64(1 << 16)).ToString("x16", CultureInfo.InvariantCulture)}" },
            InvolvedObject = about,
            Type = type,
            Reason = reason,
            Message = message,
            Count = 1,
            FirstTimestamp = now,
            LastTimestamp = now,
            Source = new() { Component = component, Host = host },
            ReportingComponent = component,
            ReportingInstance = host,
        };
    }

    private async Task<bool> CountAsync(Written known, DateTimeOffset now, CancellationToken cancellation)
    {
        var patch = new JsonObject { ["count"] = known.Count, ["lastTimestamp"] = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) };
        try
        {
            await client.PatchAsync(KubeTypes.Events, known.Namespace, known.Name, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
            return true;
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    private Written? Repeat(Words words, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (!_written.TryGetValue(words, out var known) || now - known.At > Lifetime)
            {
                return null;
            }

            return _written[words] = known with { Count = known.Count + 1, At = now };
        }
    }

    private void Remember(Words words, Written written)
    {
        lock (_gate)
        {
            if (_written.Count >= Remembered)
            {
                foreach (var old in _written.OrderBy(w => w.Value.At).Take(Remembered / 2).ToList())
                {
                    _written.Remove(old.Key);
                }
            }

            _written[words] = written;
        }
    }

    private sealed record Words(string About, string Type, string Reason, string Message);

    private sealed record Written(string Namespace, string Name, int Count, DateTimeOffset At);
}
