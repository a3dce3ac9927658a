using Waggle.Cli;
using Waggle.Lab.Cluster;

namespace Waggle.Commands.Lab;

internal static class LabDownCommand
{
    public static Verb Create()
    {
        var name = LabCommands.NameFlag();
        var all = new Flag<bool>("--all", "every lab of this machine");
        return new Verb("down", "Remove a lab and everything it had")
        {
            Details = "Also after a crash. A lab that does not exist is success.",
            Flags = [name, all],
            LongRunning = true,
            Examples = [new("waggle lab down", "the lab named kind"), new("waggle lab down --all", "all of them")],
            Run = async (call, cancellation) =>
            {
                var labs = new LabCluster();
                var names = call.Get(all) ? labs.List().Select(lab => lab.Options.Name).ToList() : [call.Get(name)!];
                foreach (var each in names)
                {
                    await DownAsync(call, labs, each, cancellation).ConfigureAwait(false);
                }

                return ExitCode.Ok;
            },
        };
    }

    public static async Task DownAsync(Call call, LabCluster labs, string name, CancellationToken cancellation)
    {
        bool removed;
        using (var progress = new LabProgressView(call.Terminal))
        {
            removed = await labs.DownAsync(name, progress, cancellation).ConfigureAwait(false);
        }

        call.Terminal.Note(removed ? $"Lab {name} is gone" : $"There is no lab {name}: nothing to remove");
    }
}
