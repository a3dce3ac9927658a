using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Startup;
using Waggle.Kube.Informers;
using Waggle.Policy.Rules;
using Waggle.State.Health;
using Waggle.State.Tables;
using Signal = Waggle.Hosting.Loops.Signal;

namespace Waggle.Agent.Policy;

/// <summary>NetworkPolicies, CiliumNetworkPolicies and clusterwide ones → table <c>policies</c>.</summary>
/// <remarks>
/// A policy on probation (annotation <c>policy.waggle.io/confirm-until</c>) is taken back when its time is over, by each node for
/// itself: it also works when the policy cut the node off. What held before comes back, also with an agent that was killed meanwhile.
/// </remarks>
internal sealed partial class PolicySource : BackgroundService
{
    /// <summary>Annotation: until this time (RFC 3339) the policy is on probation.</summary>
    public const string ConfirmUntilAnnotation = "policy.waggle.io/confirm-until";

    private readonly KubeSources _kube;
    private readonly PolicyTable _table;
    private readonly ConfigState _config;
    private readonly Readiness _readiness;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TableInitializer _initialized;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PolicyRow> _fromApi = new(StringComparer.Ordinal);
    private readonly ProbationBook _probation;
    private readonly HealthReporter _health;
    private readonly HashSet<(string Key, string Uid, long Generation)> _takenBack = [];
    private readonly Signal _changed = new();

    public PolicySource(KubeSources kube, PolicyTable table, ConfigState config, Readiness readiness, TimeProvider time, HealthRegistry health, ILogger<PolicySource> logger)
    {
        (_kube, _table, _config, _readiness, _time, _logger) = (kube, table, config, readiness, time, logger);
        _initialized = table.RegisterInitializer("policies");
        _probation = new ProbationBook(Path.Combine(config.Current["state-dir"], "policy-probation.json"));
        _health = health.For("policy-probation");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _probation.Load(_config.Current.Flag("enable-node-selector-labels"));
        if (_probation.Problem.Length > 0)
        {
            LogFile(_probation.Problem);
        }

        Follow(_kube.NetworkPolicies, PolicyKind.NetworkPolicy);
        Follow(_kube.CiliumNetworkPolicies, PolicyKind.CiliumNetworkPolicy);
        Follow(_kube.CiliumClusterwideNetworkPolicies, PolicyKind.CiliumClusterwideNetworkPolicy);
        await _readiness.Sources.WaitAsync(stoppingToken).ConfigureAwait(false);
        lock (_lock)
        {
            foreach (string gone in _probation.Keys.Where(k => !_fromApi.ContainsKey(k)).ToArray())
            {
                _probation.Remove(gone); // deleted while no agent ran
            }
        }

        Publish();
        _initialized.Complete();
        _ = ForwardConfigAsync(stoppingToken);
        while (true)
        {
            TimeSpan wait = Publish();
            await _changed.WaitAsync(wait, _time, stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads an object of the API.</summary>
    /// <param name="tellsNodesApart">The configuration has <c>enable-node-selector-labels</c>.</param>
    internal static PolicyRow Read(PolicyKind kind, JsonObject document, string source, bool tellsNodesApart)
    {
        using JsonDocument parsed = JsonDocument.Parse(document.ToJsonString());
        var rules = new JsonArray();
        foreach (JsonNode? spec in document["specs"] as JsonArray ?? [])
        {
            rules.Add(spec?.DeepClone());
        }

        if (document["spec"] is { } single)
        {
            rules.Insert(0, single.DeepClone());
        }

        ParsedPolicy policy = PolicyParser.Parse(kind, parsed.RootElement.Clone());
        if (policy.UsesNodes && !tellsNodesApart)
        {
            policy = policy with { Warnings = policy.Warnings.Add(NodeSelectorNote.Problem) };
        }

        return new PolicyRow(policy, source, rules.ToJsonString(), ConfirmUntil(document));
    }

    private static DateTimeOffset? ConfirmUntil(JsonObject document) =>
        document["metadata"]?["annotations"]?[ConfirmUntilAnnotation] is JsonValue value && value.TryGetValue(out string? text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset until) ? until : null;

    private void Follow(Informer<JsonObject> informer, PolicyKind kind) => informer.OnChange(change =>
    {
        PolicyRow row = Read(kind, change.Object, "k8s", _config.Current.Flag("enable-node-selector-labels"));
        lock (_lock)
        {
            if (change.IsDeleted)
            {
                _fromApi.Remove(row.Key);
                _probation.Remove(row.Key);
            }
            else
            {
                Take(row);
            }
        }

        _changed.Set();
    });

    private void Take(PolicyRow row)
    {
        if (row.ConfirmUntil is { } until)
        {
            _probation.Set(row.Key, _fromApi.GetValueOrDefault(row.Key), until);
        }
        else
        {
            _probation.Remove(row.Key);
        }

        _fromApi[row.Key] = row;
    }

    /// <summary>Writes the table; returns when to look again.</summary>
    private TimeSpan Publish()
    {
        DateTimeOffset now = _time.GetUtcNow(), next = now + TimeSpan.FromHours(1);
        var rows = new Dictionary<string, PolicyRow>(StringComparer.Ordinal);
        bool kubernetes = _config.Current.Flag("enable-k8s-networkpolicy");
        lock (_lock)
        {
            foreach (PolicyRow row in _fromApi.Values.Where(r => kubernetes || r.Parsed.Key.Kind != PolicyKind.NetworkPolicy))
            {
                PolicyRow? inForce = row;
                if (_probation.TryGet(row.Key, out (PolicyRow? Before, DateTimeOffset Until) probation))
                {
                    if (probation.Until <= now)
                    {
                        inForce = probation.Before;
                        if (_takenBack.Add((row.Key, row.Parsed.Uid, row.Parsed.Generation)))
                        {
                            LogTakenBack(row.Key, probation.Until);
                        }
                    }
                    else if (probation.Until < next)
                    {
                        next = probation.Until;
                    }
                }

                if (inForce is not null)
                {
                    rows[row.Key] = inForce;
                }
            }
        }

        if (_probation.Problem.Length > 0)
        {
            _health.Degraded(_probation.Problem);
        }
        else
        {
            _health.Ok(string.Create(CultureInfo.InvariantCulture, $"{_probation.Keys.Count} policies wait to be confirmed"));
        }

        using (WriteTransaction transaction = _table.Db.Write(_table))
        {
            transaction.Replace(_table, rows.Values, r => r.Source == "k8s");
            transaction.Commit();
        }

        return next - now is { } wait && wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1);
    }

    private async Task ForwardConfigAsync(CancellationToken cancellation)
    {
        for (ulong seen = _config.Table.Revision; !cancellation.IsCancellationRequested; seen = _config.Table.Revision)
        {
            _changed.Set();
            await _config.Table.WaitForChangeAsync(seen, cancellation).ConfigureAwait(false);
        }
    }

    [LoggerMessage(1103, LogLevel.Warning, "what policies on probation go back to is not known from before: {Problem}")]
    private partial void LogFile(string problem);

    [LoggerMessage(1104, LogLevel.Warning, "{Policy} is taken back on this node: nobody confirmed it until {Until}; remove its annotation policy.waggle.io/confirm-until to keep it")]
    private partial void LogTakenBack(string policy, DateTimeOffset until);
}
