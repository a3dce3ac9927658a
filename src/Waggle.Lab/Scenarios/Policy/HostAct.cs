namespace Waggle.Lab.Scenarios.Policy;

/// <summary>The nodes' own firewall, tried without the risk of being locked out.</summary>
internal static class HostAct
{
    public static async Task PlayAsync(PolicyStage stage, bool brief)
    {
        stage.Heading("The nodes' own firewall");
        await stage.TypeAsync("HOST=$(kubectl -n ops get pod watcher -o jsonpath='{.status.hostIP}')").ConfigureAwait(false);
        (string, bool)[] open = [("ops/watcher http $HOST:9962/metrics", true), ("ops/watcher ping $HOST", true)], firewall = [("ops/watcher http $HOST:9962/metrics", false), ("ops/watcher ping $HOST", true)];
        await stage.MustAsync("cilium config set enable-host-firewall true", "the host firewall is switched on").ConfigureAwait(false);
        await stage.ExpectAsync("no policy for nodes yet", open).ConfigureAwait(false);

        if (!brief)
        {
            await stage.MustAsync("cilium policy import host.yaml --confirm-within 20s", "the policy is imported on probation").ConfigureAwait(false);
            await stage.ExpectAsync("on probation", firewall).ConfigureAwait(false);
            await stage.ExpectAsync("nobody confirmed", open).ConfigureAwait(false);
        }

        await stage.MustAsync("cilium policy import host.yaml --confirm-within 120s", "it is imported again").ConfigureAwait(false);
        await stage.ExpectAsync("on probation again", firewall).ConfigureAwait(false);
        await stage.MustAsync("cilium policy confirm host.yaml", "and confirmed").ConfigureAwait(false);
        CommandResult kept = await stage.TypeAsync("kubectl get ciliumclusterwidenetworkpolicy shop-host -o jsonpath='{.metadata.annotations}'").ConfigureAwait(false);
        stage.Report.Check(kept.Ok && !kept.Output.Contains("confirm-until", StringComparison.Ordinal), "nothing is left of the probation", kept.ToString());
        await stage.ExpectAsync("confirmed", firewall).ConfigureAwait(false);
        CommandResult nodes = await stage.TypeAsync("kubectl get nodes").ConfigureAwait(false);
        stage.Report.Check(nodes.Ok && nodes.Lines.Length > 1 && nodes.Lines.Skip(1).All(l => l.Contains(" Ready ", StringComparison.Ordinal)), "the nodes are reachable for the API server", nodes.ToString());
        await stage.MustAsync("cilium policy delete host.yaml", "it is deleted").ConfigureAwait(false);
        await stage.ExpectAsync("without it", open).ConfigureAwait(false);
    }
}
