namespace Waggle.Lab.Scenarios.Multicast;

/// <summary>Nodes, status, the switch, the groups.</summary>
internal static class SetupAct
{
    public static async Task<bool> PlayAsync(Stage stage)
    {
        stage.Heading("Multicast support: the cluster");
        var nodes = await stage.TypeAsync("kubectl get nodes").ConfigureAwait(false);
        var ready = stage.Report.Check(nodes.Ok && nodes.Lines.Length >= 4 && nodes.Lines.Skip(1).All(l => l.Contains(" Ready ")), "at least three nodes, all Ready", nodes.ToString());
        var status = await stage.TypeAsync("cilium status --wait").ConfigureAwait(false);
        ready &= stage.Report.Check(status.Ok && status.Output.Contains("Cilium:") && status.Output.Contains("OK"), "cilium status --wait succeeds", status.ToString());
        var set = await stage.TypeAsync("cilium config set multicast-enabled true").ConfigureAwait(false);
        stage.Report.Check(set.Ok, "cilium config set multicast-enabled true succeeds", set.ToString());
        var view = await stage.TypeAsync("cilium config view | grep multicast-enabled").ConfigureAwait(false);
        stage.Report.Check(view.Output == "multicast-enabled                                    true\n", "cilium config view shows it in the known columns", view.ToString());

        stage.Heading("Multicast groups");
        var shown = await stage.TypeAsync("yq multicast-groups.yaml").ConfigureAwait(false);
        stage.Report.Check(shown.Ok && Battle.Groups.All(shown.Output.Contains), "yq shows the manifest", shown.ToString());
        var apply = await stage.TypeAsync("kubectl apply -f multicast-groups.yaml").ConfigureAwait(false);
        ready &= stage.Report.Check(apply.Ok && apply.Lines.Length == 3, "the three group resources are applied", apply.ToString());
        const string list = "kubectl exec daemonsets/cilium -n kube-system -c cilium-agent -- \\\n  cilium bpf multicast group list";
        var expected = "Group Address\n" + string.Join('\n', Battle.Groups) + "\n";
        await stage.WaitForAsync(list, r => SubscriberTable.Same(expected, r.Output)).ConfigureAwait(false);
        var groups = await stage.TypeAsync(list).ConfigureAwait(false);
        stage.Report.Check(SubscriberTable.Same(expected, groups.Output), "every agent's list has the seven groups", groups.ToString());
        await stage.CheckTablesAsync(Battle.Groups, new Dictionary<string, string[]>(), "before anyone joins").ConfigureAwait(false);
        return ready;
    }
}
