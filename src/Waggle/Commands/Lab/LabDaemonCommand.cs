using Waggle.Cli;
using Waggle.Lab.Cluster;

namespace Waggle.Commands.Lab;

/// <summary>What <c>lab up</c> starts in the background.</summary>
internal static class LabDaemonCommand
{
    public static Verb Create()
    {
        var name = LabCommands.NameFlag();
        return new Verb("daemon", "Run a lab in the foreground (what up starts in the background)")
        {
            Hidden = true,
            Flags = [name],
            LongRunning = true,
            Run = async (call, cancellation) => (ExitCode)await new LabCluster().RunDaemonAsync(call.Get(name)!, cancellation).ConfigureAwait(false),
        };
    }
}
