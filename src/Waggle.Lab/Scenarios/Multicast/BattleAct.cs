namespace Waggle.Lab.Scenarios.Multicast;

/// <summary>Bases and ships, four listeners, the messages; what each ship heard, and that nobody else received a copy.</summary>
internal static class BattleAct
{
    public static async Task PlayAsync(Stage stage)
    {
        stage.Heading("The battle: bases and ships");
        await stage.TypeAsync("kubectl apply -f bases.yaml").ConfigureAwait(false);
        var rollout = await stage.TypeAsync("kubectl rollout status -f bases.yaml --timeout=120s").ConfigureAwait(false);
        if (!rollout.Ok && rollout.ToString().Contains("individual resources", StringComparison.Ordinal)) // an old kubectl, such as Debian 12's, takes one at a time
            rollout = await stage.TypeAsync("for base in rebel-base deathstar; do kubectl rollout status deployment/$base --timeout=120s || exit; done").ConfigureAwait(false);
        stage.Report.Check(rollout.Ok, "the bases roll out", rollout.ToString());
        await stage.TypeAsync("kubectl apply -f ships.yaml").ConfigureAwait(false);
        await stage.RunAsync("kubectl wait --for=condition=Ready -f ships.yaml --timeout=120s").ConfigureAwait(false);
        var ships = await stage.TypeAsync("kubectl get -f ships.yaml -o wide --show-labels").ConfigureAwait(false);
        stage.Report.Check(ships.Ok && ships.Lines.Count(l => l.Contains(" Running ")) == Battle.Ships.Length, "all five ships run", ships.ToString());

        var folder = Directory.CreateTempSubdirectory("waggle-battle-").FullName;
        var listening = await stage.TypeAsync($"LISTEN_LOG={folder} DETACHED=1 ./scenario.sh").ConfigureAwait(false);
        var session = listening.Output.Trim();
        var watched = await WitnessAsync(stage, folder).ConfigureAwait(false);
        try
        {
            await stage.CheckTablesAsync(Battle.Groups, Battle.Listeners, "four ships listen").ConfigureAwait(false);
            stage.Heading("The battle: the messages");
            var messages = await stage.TypeAsync("PAUSE=${PAUSE:-1} ./messages.sh").ConfigureAwait(false);
            var sent = Battle.Parse(messages.Output);
            stage.Report.Check(messages.Ok && sent.Count == 23, "all 23 messages are sent", messages.ToString());
            foreach (var ship in Battle.Listeners.Keys)
            {
                var expected = Battle.Expected(ship, sent);
                var heard = await stage.WaitForAsync($"cat {folder}/{ship}.log", r => r.Lines.Length >= expected.Length, 10).ConfigureAwait(false);
                stage.Report.Check(heard.Lines.SequenceEqual(expected), $"{ship} hears its {expected.Length} messages, each once and in order", $"expected:\n{string.Join('\n', expected)}\nheard:\n{heard.Output}");
            }

            await CheckWitnessAsync(stage, folder, watched, sent).ConfigureAwait(false);
        }
        finally
        {
            await stage.RunAsync($"tmux kill-session -t '{session}' 2>/dev/null; kill $(jobs -p) 2>/dev/null; wait; rm -rf {folder}").ConfigureAwait(false);
        }

        var left = await stage.WaitForAsync("kubectl get pods --no-headers -l base=deathstar", r => r.Output.Length == 0, 45).ConfigureAwait(false);
        await stage.TypeAsync("kubectl get pods").ConfigureAwait(false);
        stage.Report.Check(left.Output.Length == 0, "the Death Star is gone", left.ToString());
        await CheckMetricsAsync(stage).ConfigureAwait(false);
    }

    /// <summary>In each pod a capture of what comes in for a group: the independent witness that nobody else received a copy.</summary>
    private static async Task<string[]> WitnessAsync(Stage stage, string folder)
    {
        var pods = (await stage.PodsAsync().ConfigureAwait(false)).Keys.Where(p => Battle.Ships.Contains(p) || p.StartsWith("rebel-base-", StringComparison.Ordinal)).ToArray();
        foreach (var pod in pods)
        {
            await stage.RunAsync($"kubectl exec {pod} -- tcpdump -l -n -Q in -i eth0 'udp and dst net 225.0.0.0/8' >{folder}/{pod}.capture 2>{folder}/{pod}.err &").ConfigureAwait(false);
        }

        foreach (var pod in pods)
        {
            var ready = await stage.WaitForAsync($"cat {folder}/{pod}.err", r => r.Output.Contains("listening on"), 20).ConfigureAwait(false);
            stage.Report.Check(ready.Output.Contains("listening on"), $"a capture runs in {pod}", ready.ToString());
        }

        return pods;
    }

    private static async Task CheckWitnessAsync(Stage stage, string folder, string[] pods, IReadOnlyList<BattleMessage> sent)
    {
        foreach (var pod in pods)
        {
            // A member's own datagrams come back inside its kernel (IP_MULTICAST_LOOP), not over the wire.
            var expected = Battle.Expected(pod, sent.Where(message => message.Sender != pod)).Length;
            var captured = await stage.WaitForAsync($"cat {folder}/{pod}.capture", r => r.Lines.Length >= expected, 10).ConfigureAwait(false);
            stage.Report.Check(captured.Lines.Length == expected, $"{expected} datagrams for groups came in at {pod}, as captured on its eth0", captured.ToString());
        }
    }

    /// <summary>The transcript's dashboard question: who sent to 225.0.0.42, and who received from it?</summary>
    private static async Task CheckMetricsAsync(Stage stage)
    {
        stage.Heading("Observing multicast");
        var result = await stage.TypeAsync(
            "for pod in $(kubectl -n kube-system get po -l k8s-app=cilium -o name); do\n  kubectl -n kube-system exec $pod -c cilium-agent -- curl -s http://localhost:9962/metrics\ndone | grep '^cilium_multicast_.*_packets_total{.*225.0.0.42'").ConfigureAwait(false);
        var lines = result.Lines.Where(l => !l.EndsWith(" 0", StringComparison.Ordinal)).ToArray();
        stage.Report.Check(
            lines.Any(l => l.Contains("obi-wan")) && lines.Any(l => l.Contains("luke")) && !lines.Any(l => Battle.Ships.Except(["obi-wan", "luke"]).Any(l.Contains)),
            "metrics of 225.0.0.42 name obi-wan as the only sender and luke as the only receiver", result.ToString());
    }
}
