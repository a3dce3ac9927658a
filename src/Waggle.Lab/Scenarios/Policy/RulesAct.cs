namespace Waggle.Lab.Scenarios.Policy;

/// <summary>One rule of each kind, one after the other.</summary>
internal static class RulesAct
{
    private const string Front = "shop/front http shop/web", Stranger = "shop/stranger http shop/web", Watcher = "ops/watcher http shop/web";

    public static async Task<bool> SetUpAsync(PolicyStage stage)
    {
        stage.Heading("A shop");
        await stage.MustAsync("kubectl apply -f pods.yaml", "the pods are applied").ConfigureAwait(false);
        CommandResult ready = await stage.TypeAsync("kubectl wait --for=condition=Ready pod --all -n shop --timeout=90s && kubectl wait --for=condition=Ready pod --all -n ops --timeout=90s").ConfigureAwait(false);
        if (!stage.Report.Check(ready.Ok, "all pods run", ready.ToString()))
        {
            return false;
        }

        await stage.ExpectAsync("without policies", (Front, true), (Stranger, true), (Watcher, true), ("shop/front ping 172.18.0.1", true)).ConfigureAwait(false);
        return true;
    }

    public static async Task PlayAsync(PolicyStage stage)
    {
        await ApplyAsync(stage, "Default deny", "default-deny").ConfigureAwait(false);
        await stage.ExpectAsync("default deny", (Front, false), (Stranger, false), (Watcher, false)).ConfigureAwait(false);

        await ApplyAsync(stage, "Allow by label", "allow-front").ConfigureAwait(false);
        await stage.ExpectAsync("allowed by label", (Front, true), (Stranger, false), (Watcher, false)).ConfigureAwait(false);

        await ApplyAsync(stage, "Allow a namespace", "allow-operators").ConfigureAwait(false);
        await stage.ExpectAsync("allowed by namespace", (Front, true), (Stranger, false), (Watcher, true)).ConfigureAwait(false);

        await ApplyAsync(stage, "A deny comes first", "deny-operators").ConfigureAwait(false);
        await stage.ExpectAsync("denied though allowed", (Front, true), (Watcher, false)).ConfigureAwait(false);
        await stage.MustAsync("kubectl delete -f deny-operators.yaml", "the deny is deleted").ConfigureAwait(false);
        await stage.ExpectAsync("without the deny", (Watcher, true)).ConfigureAwait(false);

        await ApplyAsync(stage, "Entities", "entities").ConfigureAwait(false);
        await stage.ExpectAsync("the cluster only", (Front, true), ("shop/front ping 172.18.0.1", false)).ConfigureAwait(false);

        await ApplyAsync(stage, "CIDR with an exception", "cidr").ConfigureAwait(false);
        await stage.ExpectAsync("the exception", ("shop/stranger ping 172.18.0.1", false)).ConfigureAwait(false);
        await stage.MustAsync(
            "kubectl -n shop patch ciliumnetworkpolicy cidr --type=json \\\n  -p '[{\"op\":\"remove\",\"path\":\"/spec/egress/0/toCIDRSet/0/except\"}]'", "the exception is removed").ConfigureAwait(false);
        await stage.ExpectAsync("without the exception", ("shop/stranger ping 172.18.0.1", true)).ConfigureAwait(false);

        await stage.ExpectAsync("only TCP is allowed", ("shop/front ping shop/web", false)).ConfigureAwait(false);
        await ApplyAsync(stage, "ICMP by name", "icmp").ConfigureAwait(false);
        await stage.ExpectAsync("an echo request is allowed", ("shop/front ping shop/web", true), ("shop/stranger ping shop/web", false)).ConfigureAwait(false);
    }

    private static async Task ApplyAsync(PolicyStage stage, string heading, string file)
    {
        stage.Heading(heading);
        await stage.MustAsync($"kubectl apply -f {file}.yaml", $"{file}.yaml is accepted").ConfigureAwait(false);
    }
}
