namespace Waggle.Lab.Scenarios.Multicast;

/// <summary>A pod joins in a second terminal; its own node shows it as a local endpoint, the others its node.</summary>
internal static class FirstSubscriberAct
{
    public static async Task PlayAsync(Stage stage)
    {
        stage.Heading("The first subscriber (terminal 2 is a tmux session)");
        var terminal = $"waggle-{Environment.ProcessId}-sub";
        const string run = "kubectl run -ti --rm sub --image nicolaka/netshoot -- \\\n  socat UDP4-RECVFROM:6666,reuseaddr,ip-add-membership=225.0.0.11:0.0.0.0,fork -";
        stage.Context.Output.WriteLine("\n[terminal 2] root@server:~# " + run);
        var started = await stage.RunAsync($"tmux new-session -d -s {terminal} -x 160 -y 40 -e KUBECONFIG=\"$KUBECONFIG\" \"{run}\"").ConfigureAwait(false);
        stage.Report.Check(started.Ok, "terminal 2 opens", started.ToString());
        try
        {
            await stage.WaitForAsync("kubectl get po sub -o jsonpath='{.status.phase}'", r => r.Output == "Running").ConfigureAwait(false);
            var pod = await stage.TypeAsync("kubectl get po sub -o wide").ConfigureAwait(false);
            stage.Report.Check(pod.Ok && pod.Lines.Length == 2 && pod.Lines[1].Contains("Running") && pod.Lines[0].StartsWith("NAME   READY   STATUS    RESTARTS   AGE", StringComparison.Ordinal), "sub runs", pod.ToString());

            var node = await stage.TypeAsync("NODE=$(kubectl get po sub -o jsonpath='{.spec.nodeName}')\necho $NODE").ConfigureAwait(false);
            var own = await stage.TypeAsync("CILIUM_POD=$(kubectl -n kube-system get po -l k8s-app=cilium --field-selector spec.nodeName=$NODE -o name)\necho $CILIUM_POD").ConfigureAwait(false);
            stage.Report.Check(own.Lines.Length == 1 && own.Output.StartsWith("pod/cilium-", StringComparison.Ordinal), "the agent on sub's node is found", own.ToString());

            var pods = await stage.PodsAsync().ConfigureAwait(false);
            var agents = await stage.AgentsAsync().ConfigureAwait(false);
            var where = node.Output.Trim();
            var address = pods.TryGetValue("sub", out var sub) ? sub.Address : "?";
            var underlay = agents.Values.FirstOrDefault(a => a.Node == where).Address ?? "?";

            await ExpectAsync(stage, "kubectl exec $CILIUM_POD -n kube-system -c cilium-agent -- \\\n  cilium bpf multicast subscriber list all", new Subscriber(address, Subscriber.Local), "sub's node lists it as a local endpoint").ConfigureAwait(false);
            var other = await stage.TypeAsync("OTHER_CILIUM_POD=$(kubectl -n kube-system get po -l k8s-app=cilium -o json | jq -r \".items[] | select(.spec.nodeName!=\\\"$NODE\\\").metadata.name\" | head -n1)\necho $OTHER_CILIUM_POD").ConfigureAwait(false);
            stage.Report.Check(other.Lines.Length == 1 && agents.ContainsKey(other.Output.Trim()) && agents[other.Output.Trim()].Node != where, "another node's agent is found with jq", other.ToString());
            await ExpectAsync(stage, "kubectl exec $OTHER_CILIUM_POD -n kube-system -c cilium-agent -- \\\n  cilium bpf multicast subscriber list all", new Subscriber(underlay, Subscriber.Remote), "another node lists sub's node").ConfigureAwait(false);
        }
        finally
        {
            // Ctrl-C in terminal 2: kubectl ends socat and, because of --rm, deletes the pod.
            await stage.RunAsync($"tmux send-keys -t {terminal} C-c").ConfigureAwait(false);
            var gone = await stage.WaitForAsync("kubectl get po sub --ignore-not-found", r => r.Ok && r.Output.Length == 0, 45).ConfigureAwait(false);
            stage.Report.Check(gone.Output.Length == 0, "Ctrl-C in terminal 2 ends socat, and --rm deletes the pod", gone.ToString());
            await stage.RunAsync($"tmux kill-session -t {terminal} 2>/dev/null").ConfigureAwait(false);
        }

        await stage.CheckTablesAsync(Battle.Groups, new Dictionary<string, string[]>(), "after sub left").ConfigureAwait(false);
    }

    private static async Task ExpectAsync(Stage stage, string command, Subscriber row, string what)
    {
        var expected = SubscriberTable.Format(Battle.Groups, g => g == "225.0.0.11" ? [row] : []);
        await stage.WaitForAsync(command, r => SubscriberTable.Same(expected, r.Output), 15).ConfigureAwait(false);
        var shown = await stage.TypeAsync(command).ConfigureAwait(false);
        stage.Report.Check(SubscriberTable.Same(expected, shown.Output), what, $"expected:\n{expected}");
    }
}
