using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;

namespace Waggle.Commands.General;

/// <summary><c>waggle version</c>, and the client's part of other tools' version.</summary>
internal static class VersionCommand
{
    public static Verb Create(string tool)
    {
        var output = new OutputFlags();
        return new Verb("version", "Show versions")
        {
            Group = "Other commands",
            Flags = output.All,
            Examples = [new($"{tool} version -o json", "for a script")],
            Run = (call, _) =>
            {
                var request = output.Read(call);
                if (request.Structured)
                {
                    Documents.Write(call.Terminal.Out, request, new JsonObject
                    {
                        ["version"] = Build.Version, ["commit"] = Build.Commit, ["platform"] = Build.Platform, ["runtime"] = Build.Runtime, ["kernel"] = Environment.OSVersion.Version.ToString(),
                    });
                }
                else
                {
                    call.Terminal.Out.WriteLine($"{tool} v{Build.Version} (commit {Build.Commit}, {Build.Platform}, {Build.Runtime}, kernel {Environment.OSVersion.Version})");
                }

                return Task.FromResult(ExitCode.Ok);
            },
        };
    }
}
