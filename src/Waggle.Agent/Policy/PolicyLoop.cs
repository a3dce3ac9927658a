using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Identities;
using Waggle.Agent.IpCache;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Startup;
using Waggle.Bpf;
using Waggle.Policy.Compile;
using Waggle.State.Health;
using Waggle.State.Tables;
using Signal = Waggle.Hosting.Loops.Signal;

namespace Waggle.Agent.Policy;

/// <summary>Tables of policies, identities, groups and Services → compiler → maps. The only owner of the compiler.</summary>
/// <remarks>
/// One round: (1) identities, those of newly named prefixes among them, into the tables in force; (2) their addresses; (3) policies and
/// what they refer to, and subjects that endpoints ask for; (4) the kernel: new tables, rows, subjects, revision, then what is not needed
/// any more; (5) the answers: tables for people, waiting CNI calls, the gate that lets new identities onto packets.
/// Nothing is written before every copy of API objects is complete: until then what an agent before left is in force.
/// </remarks>
internal sealed partial class PolicyLoop : BackgroundService
{
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(1), RetryWait = TimeSpan.FromSeconds(1);

    private readonly PolicyTable _policies;
    private readonly CidrGroupTable _groups;
    private readonly PolicyServiceTable _services;
    private readonly IdentityTable _identities;
    private readonly ApiServerTable _apiServers;
    private readonly EndpointTable _endpoints;
    private readonly PolicySubjectTable _subjectTable;
    private readonly PolicyStatusTable _statusTable;
    private readonly PolicySubjects _asked;
    private readonly IdentityPorts _ports;
    private readonly IdentityGate _gate;
    private readonly PolicyKernel _kernel;
    private readonly PolicyCounts _counts;
    private readonly RuleNames _names;
    private readonly ConfigState _config;
    private readonly PodEvents _events;
    private readonly Readiness _readiness;
    private readonly TimeProvider _time;
    private readonly HealthReporter _health;
    private readonly ILogger _logger;
    private readonly Signal _changed = new();
    private readonly ConcurrentQueue<Action<PolicyEngine>> _questions = new();
    private PolicyEngine _engine = new(new PolicyEngineOptions());

    public PolicyLoop(
        PolicyTable policies, CidrGroupTable groups, PolicyServiceTable services, IdentityTable identities, CidrIdentityTable cidrTable, ApiServerTable apiServers, EndpointTable endpoints,
        PolicySubjectTable subjectTable, PolicyStatusTable statusTable, PolicySubjects asked, IdentityPorts ports, IdentityGate gate, IpCacheTable ipcache, IpCacheTarget ipcacheTarget, IPolicyMaps maps,
        PolicyCounts counts, RuleNames names, ConfigState config, PodEvents events, Readiness readiness, TimeProvider time, HealthRegistry health, ILogger<PolicyLoop> logger)
    {
        (_policies, _groups, _services, _identities, _apiServers, _endpoints) = (policies, groups, services, identities, apiServers, endpoints);
        (_subjectTable, _statusTable, _asked, _ports, _gate) = (subjectTable, statusTable, asked, ports, gate);
        (_counts, _names, _config, _events, _readiness, _time, _logger) = (counts, names, config, events, readiness, time, logger);
        _kernel = new PolicyKernel(maps);
        _prefixes = new PrefixDemand(policies, groups, services);
        _prefixIdentities = new PrefixIdentities(identities, cidrTable, apiServers, ipcache, ipcacheTarget, config, readiness, time, FeedIdentity);
        _health = health.For("policy");
    }

    /// <summary><c>policy_state.revision</c>: raised when established connections are to be decided on again. To be asked by <see cref="AskAsync"/>.</summary>
    public uint KernelRevision => _kernel.Maps.Revision;

    /// <summary>Runs a question on the loop's own thread: the compiler is for one at a time.</summary>
    public Task<T> AskAsync<T>(Func<PolicyEngine, T> question, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _questions.Enqueue(engine =>
        {
            try
            {
                answer.TrySetResult(question(engine));
            }
            catch (Exception e)
            {
                answer.TrySetException(e);
            }
        });
        _changed.Set();
        return answer.Task.WaitAsync(cancellation);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(_readiness.Sources, _readiness.Datapath, _readiness.Endpoints).WaitAsync(stoppingToken).ConfigureAwait(false);
        await _policies.WaitInitializedAsync(stoppingToken).ConfigureAwait(false);
        await _identities.WaitInitializedAsync(stoppingToken).ConfigureAwait(false);
        Start();
        using ChangeTracker<string, PolicyRow> policies = _policies.Track();
        using ChangeTracker<string, CidrGroupRow> groups = _groups.Track();
        using ChangeTracker<string, PolicyServiceRow> services = _services.Track();
        using ChangeTracker<uint, IdentityRow> identities = _identities.Track();
        (_policyChanges, _groupChanges, _serviceChanges, _identityChanges) = (policies, groups, services, identities);
        _ = Task.WhenAll(
            Forward(_policies, stoppingToken), Forward(_groups, stoppingToken), Forward(_services, stoppingToken), Forward(_identities, stoppingToken), Forward(_apiServers, stoppingToken),
            Forward(_endpoints, stoppingToken), Forward(_config.Table, stoppingToken), ForwardAsync(_asked.Asked, stoppingToken), ForwardAsync(_ports.Changed, stoppingToken));
        while (true)
        {
            TimeSpan wait;
            try
            {
                wait = await RoundAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is BpfException or InvalidOperationException or ArgumentException && !stoppingToken.IsCancellationRequested)
            {
                // What is in force stays; the next round starts from what was written.
                wait = RetryWait;
                _mustVerify = true;
                _keeper.Changed();
                _health.Degraded(e.Message);
                LogRoundFailed(e.Message);
            }

            await _changed.WaitAsync(wait, _time, stoppingToken).ConfigureAwait(false);
        }
    }

    private async Task<TimeSpan> RoundAsync(CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        bool changed = FeedIdentities(); // 1
        changed |= _prefixIdentities.Add(_prefixes.Named(_engine.RequiredCidrs));
        if (changed)
        {
            Apply(_engine.Commit());
        }

        await MapPrefixesAsync(cancellation).ConfigureAwait(false); // 2
        if (FeedConfig() | FeedGroups() | FeedServices() | FeedPolicies()) // 3
        {
            changed = true;
            _keeper.Changed();
        }

        changed |= FeedSubjects();
        ChangeSet changes = _engine.Commit(); // 4
        Apply(changes);
        for (int again = 0; changes.ShouldRetry && again < 8; again++)
        {
            changes = _engine.Commit();
            Apply(changes);
        }

        // Only now: an agent that starts has its identities before its policies. Also for identities that no rule here names.
        OpenGate(_ => true);
        if (_asked.TakeAskAgain())
        {
            RaiseRevision();
        }

        RetirePrefixes();
        Publish(); // 5
        while (_questions.TryDequeue(out Action<PolicyEngine>? question))
        {
            question(_engine);
        }

        if (changed)
        {
            _counts.Round(Stopwatch.GetElapsedTime(started));
        }

        _readiness.PolicyInForce();
        return !IsComplete ? RetryWait : _prefixIdentities.AreRetiring ? PrefixIdentities.Rest : Rest;
    }

    private async Task Forward(Table table, CancellationToken cancellation)
    {
        for (ulong seen = table.Revision; !cancellation.IsCancellationRequested; seen = table.Revision)
        {
            _changed.Set();
            await table.WaitForChangeAsync(seen, cancellation).ConfigureAwait(false);
        }
    }

    private async Task ForwardAsync(Signal signal, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            if (await signal.WaitAsync(Rest, _time, cancellation).ConfigureAwait(false))
            {
                _changed.Set();
            }
        }
    }
}
