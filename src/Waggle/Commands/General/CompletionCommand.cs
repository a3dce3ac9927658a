using Waggle.Cli;
using Waggle.Cli.Completion;

namespace Waggle.Commands.General;

/// <summary><c>completion SHELL</c> and the hidden verb its scripts call. Every tool has both.</summary>
internal static class CompletionCommand
{
    public static Verb Create(string tool)
    {
        var shell = Operand.Required("shell", "bash, zsh or fish", _ => CompletionScripts.Shells.Select(name => new Candidate(name)));
        return new Verb("completion", "Print the completion script for a shell")
        {
            Group = "Other commands",
            Operands = [shell],
            Examples =
            [
                new($"source <({tool} completion bash)", "bash, in this shell"),
                new($"{tool} completion bash > /etc/bash_completion.d/{tool}", "bash, for everybody"),
                new($"{tool} completion zsh > \"${{fpath[1]}}/_{tool}\"", "zsh"),
                new($"{tool} completion fish > ~/.config/fish/completions/{tool}.fish", "fish"),
            ],
            Run = (call, _) =>
            {
                call.Terminal.Out.Write(CompletionScripts.For(call.Get(shell)!, tool));
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    public static Verb CreateHidden(Func<Verb> tool) => new("__complete", "Print completions for a command line")
    {
        Hidden = true,
        PassThrough = true,
        Run = (call, _) =>
        {
            var typed = call.Rest.Count > 0 ? call.Rest[0] : "";
            foreach (var candidate in CompletionEngine.Complete(tool(), [.. call.Rest.Skip(1)], typed, call.Environment))
            {
                call.Terminal.Out.Write(candidate.Remark is null ? $"{candidate.Word}\n" : $"{candidate.Word}\t{candidate.Remark}\n");
            }

            return Task.FromResult(ExitCode.Ok);
        },
    };
}
