namespace Waggle.Lab.Scenarios.Policy;

/// <summary>A policy on trial, and the commands that say why.</summary>
internal static class ExplainAct
{
    public static async Task PlayAsync(PolicyStage stage)
    {
        await TrialAsync(stage).ConfigureAwait(false);

        stage.Heading("Why");
        CommandResult why = await stage.TypeAsync("waggle why shop/front shop/web:80").ConfigureAwait(false);
        stage.Report.Check(why.Ok && why.Output.Contains("ALLOWED", StringComparison.Ordinal) && why.Output.Contains("shop/allow-front", StringComparison.Ordinal), "why names the policy that allows", why.ToString());
        why = await stage.TypeAsync("waggle why shop/stranger shop/web:80").ConfigureAwait(false);
        stage.Report.Check(why.ExitCode == 1 && why.Output.Contains("DENIED", StringComparison.Ordinal) && why.Output.Contains("shop/default-deny", StringComparison.Ordinal), "why names the default deny, and ends with 1", why.ToString());

        CommandResult diff = await stage.TypeAsync("waggle policy diff deny-operators.yaml").ConfigureAwait(false);
        stage.Report.Check(diff.Output.Contains("ops/watcher", StringComparison.Ordinal) && !diff.Output.Contains("shop/stranger", StringComparison.Ordinal), "diff says whom the deny would cut off, before it is applied", diff.ToString());
        CommandResult lint = await stage.TypeAsync("waggle policy lint careless.yaml").ConfigureAwait(false);
        stage.Report.Check(lint.Output.Contains("cidr-in-cluster", StringComparison.Ordinal), "lint finds the CIDR that means pods", lint.ToString());

        CommandResult limits = await stage.TypeAsync("waggle limits").ConfigureAwait(false);
        CommandResult names = await stage.RunAsync("kubectl get nodes -o name").ConfigureAwait(false);
        stage.Report.Check(
            limits.Ok && names.Lines.All(n => limits.Output.Contains(n["node/".Length..], StringComparison.Ordinal)) && limits.Output.Contains("policy_peers", StringComparison.Ordinal), "limits of all nodes, none of them near", limits.ToString());

        stage.Heading("Flows");
        const string flows = "kubectl -n kube-system exec $AGENT -c cilium-agent -- \\\n  hubble observe --print-policy-names --verdict DROPPED --from-pod shop/stranger --to-pod shop/web --last 5";
        await stage.TypeAsync(
            "NODE=$(kubectl -n shop get pod stranger -o jsonpath='{.spec.nodeName}')\nAGENT=$(kubectl -n kube-system get pod -l k8s-app=cilium --field-selector spec.nodeName=$NODE -o name)").ConfigureAwait(false);
        await stage.WaitForAsync($"./reach.sh shop/stranger http shop/web; {flows}", r => r.Output.Contains("DROPPED BY shop/cidr", StringComparison.Ordinal)).ConfigureAwait(false);
        CommandResult seen = await stage.TypeAsync(flows).ConfigureAwait(false);
        stage.Report.Check(seen.Output.Contains("shop/stranger", StringComparison.Ordinal) && seen.Output.Contains("DROPPED BY shop/cidr", StringComparison.Ordinal), "the flow names the policy that denies first, at the sender", seen.ToString());
    }

    private static async Task TrialAsync(PolicyStage stage)
    {
        stage.Heading("A policy on trial");
        await stage.MustAsync("kubectl apply -f trial.yaml", "trial.yaml is accepted").ConfigureAwait(false);
        const string report = "waggle policy audit-report shop/trial -o json";
        CommandResult told = await stage.WaitForAsync(
            $"./reach.sh shop/front http shop/web >/dev/null; {report}", r => r.Ok && r.Output.Contains("\"source\": \"shop/front\"", StringComparison.Ordinal)).ConfigureAwait(false);
        await stage.ExpectAsync("it changes no verdict", ("shop/front http shop/web", true)).ConfigureAwait(false);
        CommandResult shown = await stage.TypeAsync("waggle policy audit-report shop/trial").ConfigureAwait(false);
        stage.Report.Check(shown.Ok && shown.Output.Contains("shop/front", StringComparison.Ordinal) && shown.Output.Contains("80/TCP", StringComparison.Ordinal), "the report says what it would drop", $"{shown}\n{told}");
        await stage.MustAsync("kubectl delete -f trial.yaml", "the trial is over").ConfigureAwait(false);
    }
}
