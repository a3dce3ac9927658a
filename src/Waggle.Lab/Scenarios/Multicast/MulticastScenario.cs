namespace Waggle.Lab.Scenarios.Multicast;

/// <summary>
/// The multicast lab from its first to its last command, with plain kubectl: set-up, the first subscriber, the battle, the exam.
/// Every message must reach exactly its receivers and nobody else.
/// </summary>
public sealed class MulticastScenario : IScenario
{
    public string Name => "multicast";

    public string Description => "IGMP, groups as resources, subscribers on three nodes, the battle and the exam";

    public async Task<ScenarioReport> RunAsync(ScenarioContext context, CancellationToken cancellation)
    {
        var report = new ScenarioReport(context.Output);
        await using var shell = new ScenarioShell(context);
        var stage = new Stage(context, shell, report, cancellation);
        try
        {
            await CleanAsync(shell, cancellation).ConfigureAwait(false);
            var drops = await ScenarioDrops.FromNowAsync(context, shell, cancellation).ConfigureAwait(false);
            if (await SetupAct.PlayAsync(stage).ConfigureAwait(false))
            {
                await FirstSubscriberAct.PlayAsync(stage).ConfigureAwait(false);
                await BattleAct.PlayAsync(stage).ConfigureAwait(false);
                await ExamAct.PlayAsync(stage).ConfigureAwait(false);
                stage.Heading("What the nodes dropped");
                // Reports of a group that the node does not know yet; the datapath asks again when it does.
                await drops.CheckAsync(report, ["Multicast unconfigured"], cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            await CleanAsync(shell, CancellationToken.None).ConfigureAwait(false);
        }

        report.Summarise();
        return report;
    }

    /// <summary>An earlier, interrupted play must not make this one differ.</summary>
    private static Task<CommandResult> CleanAsync(ScenarioShell shell, CancellationToken cancellation) => shell.RunAsync(
        "kubectl delete -f ships.yaml -f bases.yaml -f multicast-groups.yaml -f exam.yaml --ignore-not-found; kubectl delete pod sub exam-listener exam-sender --ignore-not-found; kubectl delete secret exam --ignore-not-found",
        cancellation);
}

/// <summary>What every act needs.</summary>
internal sealed record Stage(ScenarioContext Context, ScenarioShell Shell, ScenarioReport Report, CancellationToken Cancellation)
{
    public const string Agent = "kubectl -n kube-system exec {0} -c cilium-agent -- \\\n  cilium bpf multicast subscriber list all";

    public Task<CommandResult> TypeAsync(string command) => Shell.TypeAsync(command, Cancellation);

    public Task<CommandResult> RunAsync(string command) => Shell.RunAsync(command, Cancellation);

    public Task<CommandResult> WaitForAsync(string command, Func<CommandResult, bool> wanted, int seconds = 30) =>
        Shell.WaitForAsync(command, wanted, TimeSpan.FromSeconds(seconds), Cancellation);

    public void Heading(string text)
    {
        Context.Output.WriteLine();
        Context.Output.WriteLine("== " + text);
    }

    /// <summary>Name of the agent's pod → name and underlay address of its node.</summary>
    public async Task<IReadOnlyDictionary<string, (string Node, string Address)>> AgentsAsync()
    {
        var pods = await RunAsync("kubectl -n kube-system get po -l k8s-app=cilium -o jsonpath='{range .items[*]}{.metadata.name} {.spec.nodeName} {.status.hostIP}{\"\\n\"}{end}'").ConfigureAwait(false);
        return pods.Lines.Select(l => l.Split(' ')).Where(f => f.Length == 3).ToDictionary(f => f[0], f => (f[1], f[2]));
    }

    /// <summary>Name of the pod → its address and node, for the pods of the default namespace.</summary>
    public async Task<IReadOnlyDictionary<string, (string Address, string Node)>> PodsAsync()
    {
        var pods = await RunAsync("kubectl get po -o jsonpath='{range .items[*]}{.metadata.name} {.status.podIP} {.spec.nodeName}{\"\\n\"}{end}'").ConfigureAwait(false);
        return pods.Lines.Select(l => l.Split(' ')).Where(f => f.Length == 3).ToDictionary(f => f[0], f => (f[1], f[2]));
    }

    /// <summary>Types the subscriber list on every agent until all show what <paramref name="listeners"/> (pod → groups) implies.</summary>
    public async Task CheckTablesAsync(string[] groups, IReadOnlyDictionary<string, string[]> listeners, string what)
    {
        var agents = await AgentsAsync().ConfigureAwait(false);
        var pods = await PodsAsync().ConfigureAwait(false);
        var members = listeners.Where(l => pods.ContainsKey(l.Key)).Select(l => (Groups: l.Value, At: pods[l.Key])).ToList();
        var nodes = agents.Values.ToDictionary(a => a.Node, a => a.Address);
        Report.Check(members.Count == listeners.Count && agents.Count >= 3, $"{what}: all listeners and at least three agents are there");
        foreach (var (agent, at) in agents.OrderBy(a => a.Key, StringComparer.Ordinal))
        {
            var expected = SubscriberTable.Format(groups, group => members
                .Where(m => m.Groups.Contains(group))
                .Select(m => m.At.Node == at.Node ? new Subscriber(m.At.Address, Subscriber.Local) : new Subscriber(nodes[m.At.Node], Subscriber.Remote))
                .Distinct());
            var command = string.Format(System.Globalization.CultureInfo.InvariantCulture, Agent, "pod/" + agent);
            await WaitForAsync(command, r => SubscriberTable.Same(expected, r.Output), 15).ConfigureAwait(false);
            var shown = await TypeAsync(command).ConfigureAwait(false);
            Report.Check(SubscriberTable.Same(expected, shown.Output), $"{what}: subscriber table of {at.Node}", $"expected:\n{expected}");
        }
    }
}
