using Waggle.Cli;
using Waggle.Lab.Cluster;

namespace Waggle.Commands.Lab;

internal static class LabKubeconfigCommand
{
    public static Verb Create()
    {
        var name = LabCommands.NameFlag();
        return new Verb("kubeconfig", "Print the path of a lab's kubeconfig")
        {
            Flags = [name],
            Examples = [new("export KUBECONFIG=$(waggle lab kubeconfig)", "for kubectl in this shell")],
            Run = (call, _) =>
            {
                call.Terminal.Out.WriteLine(new LabCluster().KubeconfigPath(call.Get(name)!));
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }
}
