using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;

namespace Waggle.Commands.Status;

/// <summary>The one-screen status in the layout that people know, and the same as JSON.</summary>
internal static class ClusterStatusView
{
    public static void Print(TextWriter output, Palette style, ClusterStatus status)
    {
        var table = new TabWriter(output, TableLayout.Status);
        foreach (var line in Comb(style, status))
        {
            table.Line(line);
        }

        table.Line("");
        foreach (var each in status.Workloads)
        {
            var unavailable = each.Unavailable > 0 ? ", Unavailable: " + style.Red($"{each.Unavailable}/{each.Desired}") : "";
            table.Line($"{each.Kind}\t{each.Name}\tDesired: {each.Desired}, Ready: {Share(style, each.Ready, each.Desired)}, Available: {Share(style, each.Available, each.Desired)}{unavailable}");
        }

        Section(table, "Containers:", status.Pods.GroupBy(pod => pod.Component).Select(group => $"{group.Key}\t{string.Join(", ", group.Select(pod => $"{pod.Phase}: {(pod.Phase == "Running" ? style.Green($"{pod.Count}") : style.Yellow($"{pod.Count}"))}"))}"));
        table.Line($"Cluster Pods:\t{Share(style, status.ManagedPods, status.ClusterPods)} managed by Cilium");
        table.Line("Helm chart version:\t");
        Section(table, "Image versions", status.Images.Select(image => $"{image.Component}\t{image.Image}: {image.Count}"));
        Section(table, "Errors:", status.Errors.Select(problem => $"{problem.Component}\t{problem.Object}\t{style.Red(problem.Message)}"));
        Section(table, "Warnings:", status.Warnings.Select(problem => $"{problem.Component}\t{problem.Object}\t{style.Yellow(problem.Message)}"));
        table.Flush();
    }

    public static JsonObject ToJson(ClusterStatus status) => new()
    {
        ["healthy"] = status.Healthy,
        ["components"] = new JsonObject
        {
            ["cilium"] = State(Palette.Plain, status, Components.Agent),
            ["operator"] = State(Palette.Plain, status, Components.Operator),
            ["envoy"] = State(Palette.Plain, status, Components.Envoy),
            ["relay"] = State(Palette.Plain, status, Components.Relay),
            ["clusterMesh"] = State(Palette.Plain, status, Components.ClusterMesh),
        },
        ["workloads"] = new JsonArray([.. status.Workloads.Select(each => (JsonNode)new JsonObject
        {
            ["kind"] = each.Kind, ["name"] = each.Name, ["desired"] = each.Desired, ["ready"] = each.Ready, ["available"] = each.Available, ["unavailable"] = each.Unavailable,
        })]),
        ["pods"] = new JsonArray([.. status.Pods.Select(pod => (JsonNode)new JsonObject { ["component"] = pod.Component, ["phase"] = pod.Phase, ["count"] = pod.Count })]),
        ["clusterPods"] = new JsonObject { ["total"] = status.ClusterPods, ["managed"] = status.ManagedPods },
        ["images"] = new JsonArray([.. status.Images.Select(image => (JsonNode)new JsonObject { ["component"] = image.Component, ["image"] = image.Image, ["count"] = image.Count })]),
        ["errors"] = Problems(status.Errors),
        ["warnings"] = Problems(status.Warnings),
    };

    private static IEnumerable<string> Comb(Palette style, ClusterStatus status)
    {
        string Top(string text) => style.Yellow(text);
        string Left(string text) => style.Cyan(text);
        string Right(string text) => style.Green(text);
        string Middle(string text) => style.Red(text);
        string Low(string text) => style.Blue(text);
        string Base(string text) => style.Yellow(text);

        yield return Top(@"    /¯¯\");
        yield return Left(@" /¯¯") + Top(@"\__/") + Right(@"¯¯\") + $"\tCilium:\t{State(style, status, Components.Agent)}";
        yield return Left(@" \__") + Middle(@"/¯¯\") + Right(@"__/") + $"\tOperator:\t{State(style, status, Components.Operator)}";
        yield return Right(@" /¯¯") + Middle(@"\__/") + Low(@"¯¯\") + $"\tEnvoy DaemonSet:\t{State(style, status, Components.Envoy)}";
        yield return Right(@" \__") + Base(@"/¯¯\") + Low(@"__/") + $"\tHubble Relay:\t{State(style, status, Components.Relay)}";
        yield return Base(@"    \__/") + $"\tClusterMesh:\t{State(style, status, Components.ClusterMesh)}";
    }

    private static string State(Palette style, ClusterStatus status, string component)
    {
        var errors = status.Errors.Count(problem => problem.Component == component);
        var warnings = status.Warnings.Count(problem => problem.Component == component);
        return (errors, warnings) switch
        {
            (0, 0) when !status.Has(component) => style.Cyan(component == Components.Envoy ? "disabled (using embedded mode)" : "disabled"),
            (0, 0) => style.Green("OK"),
            (0, _) => style.Yellow($"{warnings} warnings"),
            (_, 0) => style.Red($"{errors} errors"),
            _ => style.Red($"{errors} errors") + ", " + style.Yellow($"{warnings} warnings"),
        };
    }

    private static string Share(Palette style, int part, int whole)
    {
        var text = $"{part}/{whole}";
        return part >= whole ? style.Green(text) : style.Yellow(text);
    }

    // The heading stands before the first row only.
    private static void Section(TabWriter table, string heading, IEnumerable<string> rows)
    {
        foreach (var row in rows)
        {
            table.Line($"{heading}\t{row}");
            heading = "";
        }
    }

    private static JsonArray Problems(IEnumerable<Problem> problems) =>
        new([.. problems.Select(problem => (JsonNode)new JsonObject { ["component"] = problem.Component, ["object"] = problem.Object, ["message"] = problem.Message })]);
}
