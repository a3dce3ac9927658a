using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Kube.Client;

namespace Waggle.Kube.Informers;

/// <summary>What and how a <see cref="Reflector{T}"/> watches.</summary>
public sealed record ReflectorOptions
{
    /// <summary>Null for all namespaces or a cluster-scoped type.</summary>
    public string? Namespace { get; init; }

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>First wait after a failure; doubles up to <see cref="MaxBackoff"/>.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Age at which a watch is renewed.</summary>
    public TimeSpan WatchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Keeps a sink equal to a part of the API: lists, watches from there, resumes, and lists again when the version is gone.</summary>
public sealed partial class Reflector<T>
    where T : class
{
    private readonly KubeClient _client;
    private readonly ResourceType<T> _type;
    private readonly IResourceSink<T> _sink;
    private readonly ReflectorOptions _options;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _version;

    public Reflector(KubeClient client, ResourceType<T> type, IResourceSink<T> sink, ReflectorOptions? options = null, ILogger? logger = null)
    {
        _client = client;
        _type = type;
        _sink = sink;
        _options = options ?? new();
        _logger = logger ?? NullLogger.Instance;
    }

    /// <summary>True once the first list reached the sink.</summary>
    public bool HasSynced => _synced.Task.IsCompletedSuccessfully;

    /// <summary>Completes when the first list reached the sink; cancelled if the reflector stopped before.</summary>
    public Task Synced => _synced.Task;

    /// <summary>The last failure while there is one; null when watching.</summary>
    public Exception? LastError { get; private set; }

    /// <summary>Runs until cancelled; returns then without an exception.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var failures = 0;
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                try
                {
                    if (_version is null)
                    {
                        await ListAsync(cancellation).ConfigureAwait(false);
                    }

                    await WatchAsync(cancellation).ConfigureAwait(false);
                    failures = 0;
                }
                catch (KubeApiException e)
                {
                    failures = LastError is null ? 1 : failures + 1;
                    LastError = e;
                    if (e.IsGone)
                    {
                        _version = null;
                        LogGone(_type.Plural);
                    }
                    else
                    {
                        LogLost(_type.Plural, e.Message);
                    }

                    await Task.Delay(Backoff(failures), _options.Time, cancellation).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        finally
        {
            _synced.TrySetCanceled(cancellation.IsCancellationRequested ? cancellation : new CancellationToken(true));
        }
    }

    private async Task ListAsync(CancellationToken cancellation)
    {
        var options = new ListOptions { LabelSelector = _options.LabelSelector, FieldSelector = _options.FieldSelector };
        var list = await _client.ListAsync(_type, _options.Namespace, options, cancellation).ConfigureAwait(false);
        _sink.Replace(list.Items);
        _version = list.ResourceVersion;
        LastError = null;
        _synced.TrySetResult();
    }

    private async Task WatchAsync(CancellationToken cancellation)
    {
        var options = new WatchOptions
        {
            LabelSelector = _options.LabelSelector,
            FieldSelector = _options.FieldSelector,
            ResourceVersion = _version,
            Timeout = _options.WatchTimeout,
        };
        var batch = new List<WatchEvent<T>>(1);
        await foreach (var change in _client.WatchAsync(_type, _options.Namespace, options, cancellation).ConfigureAwait(false))
        {
            LastError = null;
            if (change.Type != WatchEventType.Bookmark)
            {
                batch.Clear();
                batch.Add(change);
                _sink.Apply(batch);
            }

            // Only after the sink has it: a failure in between must not skip the event.
            _version = _type.Metadata(change.Object).ResourceVersion ?? _version;
        }
    }

    private TimeSpan Backoff(int failures)
    {
        var factor = Math.Pow(2, Math.Min(failures - 1, 16)) * (0.75 + (Random.Shared.NextDouble() * 0.5));
        return TimeSpan.FromTicks((long)Math.Min(_options.MinBackoff.Ticks * factor, _options.MaxBackoff.Ticks));
    }

    [LoggerMessage(5001, LogLevel.Information, "{Resource}: the watch's version is gone, listing again")]
    private partial void LogGone(string resource);

    [LoggerMessage(5002, LogLevel.Warning, "{Resource}: watch interrupted, will resume: {Reason}")]
    private partial void LogLost(string resource, string reason);
}
