using System.Diagnostics;
using Waggle.Cli;
using Waggle.Lab.Cluster;

namespace Waggle.Commands.Lab;

internal static class LabUpCommand
{
    public static Verb Create()
    {
        var shape = new LabShapeFlags();
        return new Verb("up", "Start a lab and wait until it is ready")
        {
            Details = "A lab that runs already is success; one whose daemon was killed continues with its objects. Ctrl-C ends the waiting, not the lab.",
            Flags = shape.All,
            LongRunning = true,
            Examples =
            [
                new("waggle lab up", "three nodes, IPv4, VXLAN"),
                new("waggle lab up --nodes 5 --zones a,b --dual-stack", "a bigger one"),
                new("waggle lab up --name second --routing native", "another one beside the first"),
            ],
            Run = async (call, cancellation) =>
            {
                var options = shape.Read(call);
                var clock = Stopwatch.StartNew();
                var lab = await UpAsync(call, new LabCluster(), options, cancellation).ConfigureAwait(false);
                var name = options.Name == LabOptions.DefaultName ? "" : " --name " + options.Name;
                call.Terminal.Out.WriteLine($"Lab {options.Name} is ready: {lab.Options.Nodes} {(lab.Options.Nodes == 1 ? "node" : "nodes")}, {clock.Elapsed.TotalSeconds:0.0} s");
                call.Terminal.Out.WriteLine($"  export KUBECONFIG={lab.Kubeconfig}");
                call.Terminal.Out.WriteLine($"  or: waggle lab shell{name}");
                return ExitCode.Ok;
            },
        };
    }

    public static async Task<LabInfo> UpAsync(Call call, LabCluster labs, LabOptions options, CancellationToken cancellation)
    {
        using var progress = new LabProgressView(call.Terminal);
        return await labs.UpAsync(options, progress, cancellation).ConfigureAwait(false);
    }
}
