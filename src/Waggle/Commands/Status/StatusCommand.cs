using System.Diagnostics;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Cluster;
using Waggle.Kube.Client;

namespace Waggle.Commands.Status;

/// <summary><c>status</c>: of the installation from outside, of the agent on a node.</summary>
internal static class StatusCommand
{
    public static Verb Create(string tool)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        var wait = new Flag<bool>("--wait", "wait until everything is ready");
        var duration = new Flag<string>("--wait-duration", "longest wait") { HelpName = "TIME", Default = "5m" };
        var verbose = new Flag<bool>("--verbose", "more detail, such as each controller of an agent");
        return new Verb("status", "Show how the installation stands")
        {
            Details = "Outside an agent's container it shows the installation in the cluster; inside (or with --verbose on a node) the agent of that node.\nIt ends with 1 when there are errors, with 124 when --wait gave up.",
            Flags = [wait, duration, verbose, .. output.All, .. cluster.All],
            LongRunning = true,
            Examples =
            [
                new($"{tool} status --wait", "wait until everything is ready"),
                new($"{tool} status -o json", "for a script"),
                new("kubectl -n kube-system exec ds/cilium -- cilium status --verbose", "one agent's own view"),
            ],
            Run = async (call, cancellation) =>
            {
                var request = output.Read(call);
                var patience = call.Get(wait) ? Durations.Parse(call.Get(duration)!, "--wait-duration") : TimeSpan.Zero;
                if (cluster.PrefersNode(call))
                {
                    return await AgentStatus.ShowAsync(call, request, call.Get(verbose), patience, cancellation).ConfigureAwait(false);
                }

                using var client = cluster.Open(call);
                var @namespace = call.Get(cluster.Namespace)!;
                var reader = new ClusterStatusReader(client, @namespace, new AgentProblems(client, @namespace));
                return await ShowAsync(call.Terminal, request, reader, patience, cancellation).ConfigureAwait(false);
            },
        };
    }

    private static async Task<ExitCode> ShowAsync(Terminal terminal, OutputRequest request, ClusterStatusReader reader, TimeSpan patience, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var waiting = patience > TimeSpan.Zero;
        var status = await ReadAsync(reader, waiting, cancellation).ConfigureAwait(false);
        using (var progress = new Progress(terminal))
        {
            while (waiting && status is not { Complete: true } && clock.Elapsed < patience)
            {
                progress.Step("waiting until everything is ready");
                progress.Detail(status?.Errors.FirstOrDefault()?.Message ?? "the API server does not answer yet");
                await Task.Delay(TimeSpan.FromMilliseconds(250), cancellation).ConfigureAwait(false);
                status = await ReadAsync(reader, waiting, cancellation).ConfigureAwait(false);
            }

            if (status is { Complete: true })
            {
                progress.Done();
            }
            else
            {
                progress.Failed();
            }
        }

        if (status is null)
        {
            throw CliException.NotReachable($"the API server did not answer for {Durations.Format(patience)}", "Is the lab running? \"waggle lab list\" tells.");
        }

        if (request.Structured)
        {
            Documents.Write(terminal.Out, request, ClusterStatusView.ToJson(status));
        }
        else
        {
            ClusterStatusView.Print(terminal.Out, terminal.OutStyle, status);
        }

        return (waiting, status) switch
        {
            (true, { Complete: false }) => ExitCode.Timeout,
            (_, { Healthy: true }) => ExitCode.Ok,
            _ => ExitCode.Failed,
        };
    }

    /// <summary>While waiting, an API server that does not answer yet is part of the wait.</summary>
    private static async Task<ClusterStatus?> ReadAsync(ClusterStatusReader reader, bool waiting, CancellationToken cancellation)
    {
        try
        {
            return await reader.ReadAsync(cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException silent) when (waiting && silent.IsUnreachable)
        {
            return null;
        }
    }
}
