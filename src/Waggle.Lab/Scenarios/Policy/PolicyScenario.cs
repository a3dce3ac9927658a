namespace Waggle.Lab.Scenarios.Policy;

/// <summary>
/// Network policy from default deny to the host firewall, with plain kubectl: after each step exactly those who may reach somebody do,
/// and the commands that explain say why.
/// </summary>
public sealed class PolicyScenario : IScenario
{
    /// <summary>Set in the environment, the two slow steps at the end are left out (the tests do it).</summary>
    public const string Short = "WAGGLE_SCENARIO_SHORT";

    public string Name => "policy";

    public string Description => "default deny, labels, namespaces, CIDRs, deny, entities, ICMP, trial, host firewall, and why";

    public async Task<ScenarioReport> RunAsync(ScenarioContext context, CancellationToken cancellation)
    {
        var report = new ScenarioReport(context.Output);
        await using var shell = new ScenarioShell(context);
        var stage = new PolicyStage(context, shell, report, cancellation);
        try
        {
            await CleanAsync(shell, cancellation).ConfigureAwait(false);
            var drops = await ScenarioDrops.FromNowAsync(context, shell, cancellation).ConfigureAwait(false);
            if (await RulesAct.SetUpAsync(stage).ConfigureAwait(false))
            {
                await RulesAct.PlayAsync(stage).ConfigureAwait(false);
                await ExplainAct.PlayAsync(stage).ConfigureAwait(false);
                await HostAct.PlayAsync(stage, Environment.GetEnvironmentVariable(Short) is { Length: > 0 }).ConfigureAwait(false);
                stage.Heading("What the nodes dropped");
                // Unroutable: what was sent to a new pod before the sender's node knew of it; the play tries again.
                await drops.CheckAsync(report, ["Policy denied", "Policy deny", "Unroutable"], cancellation).ConfigureAwait(false);
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
        "kubectl delete -f host.yaml --ignore-not-found; kubectl delete namespace shop ops --ignore-not-found --timeout=60s; cilium config set enable-host-firewall false", cancellation);
}

/// <summary>What every act needs.</summary>
internal sealed record PolicyStage(ScenarioContext Context, ScenarioShell Shell, ScenarioReport Report, CancellationToken Cancellation)
{
    public Task<CommandResult> TypeAsync(string command) => Shell.TypeAsync(command, Cancellation);

    public Task<CommandResult> RunAsync(string command) => Shell.RunAsync(command, Cancellation);

    public Task<CommandResult> WaitForAsync(string command, Func<CommandResult, bool> wanted, int seconds = 60) =>
        Shell.WaitForAsync(command, wanted, TimeSpan.FromSeconds(seconds), Cancellation);

    public void Heading(string text)
    {
        Context.Output.WriteLine();
        Context.Output.WriteLine("== " + text);
    }

    /// <summary>Types a command that has to succeed.</summary>
    public async Task<CommandResult> MustAsync(string command, string what)
    {
        CommandResult result = await TypeAsync(command).ConfigureAwait(false);
        Report.Check(result.Ok, what, result.ToString());
        return result;
    }

    /// <summary>Probes until all of <paramref name="expected"/> (arguments of <c>reach.sh</c> → reached or not) hold together; each is a check.</summary>
    public async Task ExpectAsync(string when, params (string Try, bool Reached)[] expected)
    {
        // One after the other in one command, so that all are seen in one state of the cluster.
        string command = string.Join("; ", expected.Select(e => $"./reach.sh {e.Try}"));
        string[] wanted = [.. expected.Select(e => e.Reached ? "reached" : "refused")];
        CommandResult got = await WaitForAsync(command, r => r.Lines.SequenceEqual(wanted)).ConfigureAwait(false);
        Context.Output.WriteLine();
        for (int i = 0; i < expected.Length; i++)
        {
            string seen = got.Lines.Length > i ? got.Lines[i] : "?";
            Report.Check(seen == wanted[i], $"{when}: {expected[i].Try}: {wanted[i]}", $"it is {seen}");
        }
    }
}
