using Waggle.Cli;
using Waggle.Lab.Cluster;
using Waggle.Lab.Scenarios;

namespace Waggle.Commands.Lab;

internal static class LabRunCommand
{
    public static Verb Create()
    {
        var shape = new LabShapeFlags();
        var scenario = Operand.Optional("scenario", "the scenario; without it, they are listed", _ => Scenarios.All().Select(each => new Candidate(each.Name, each.Description)));
        var keep = new Flag<bool>("--keep", "keep a lab that was started for the scenario");
        return new Verb("run", "Play a scenario in a lab and check it")
        {
            Details = $"Scenarios: {string.Join("; ", Scenarios.All().Select(each => $"{each.Name}: {each.Description}"))}.\nA lab that runs is used and kept. Otherwise one is started for the scenario and removed afterwards.\nIt ends with 1 when anything differs from what the scenario expects.",
            Operands = [scenario],
            Flags = [keep, .. shape.All],
            LongRunning = true,
            Examples = [new("waggle lab run multicast", "the multicast lab from its first to its last command"), new("waggle lab run policy", "network policy, each kind of rule once"), new("waggle lab run multicast --keep", "and look around afterwards")],
            Run = async (call, cancellation) =>
            {
                if (call.Get(scenario) is not { } name)
                {
                    foreach (var each in Scenarios.All())
                    {
                        call.Terminal.Out.WriteLine($"{each.Name,-14}{each.Description}");
                    }

                    return ExitCode.Ok;
                }

                var play = Scenarios.Require(name);
                return await PlayAsync(call, play, Scenarios.FolderOf(play, call.Environment), shape.Read(call), call.Get(keep), cancellation).ConfigureAwait(false);
            },
        };
    }

    private static async Task<ExitCode> PlayAsync(Call call, IScenario scenario, string folder, LabOptions options, bool keep, CancellationToken cancellation)
    {
        var labs = new LabCluster();
        var mine = labs.Find(options.Name) is not { State: not LabState.Stopped };
        try
        {
            var lab = mine ? await LabUpCommand.UpAsync(call, labs, options, cancellation).ConfigureAwait(false) : labs.Find(options.Name)!;
            call.Terminal.Flush();
            var context = new ScenarioContext(options.Name, LabEnvironment.For(labs, lab, call.Environment), folder, call.Terminal.OutAtOnce) { IsNewLab = mine };
            var report = await scenario.RunAsync(context, cancellation).ConfigureAwait(false);
            return report.Succeeded ? ExitCode.Ok : ExitCode.Failed;
        }
        finally
        {
            if (mine && !keep)
            {
                await LabDownCommand.DownAsync(call, labs, options.Name, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }
}
