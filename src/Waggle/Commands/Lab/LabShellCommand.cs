using System.Diagnostics;
using System.Runtime.InteropServices;
using Waggle.Cli;
using Waggle.Lab.Cluster;

namespace Waggle.Commands.Lab;

internal static class LabShellCommand
{
    public static Verb Create()
    {
        var name = LabCommands.NameFlag();
        var command = Operand.Many("command", "a command to run instead of an interactive shell");
        return new Verb("shell", "Open a shell with kubectl, cilium and hubble for a lab")
        {
            Details = "The shell has KUBECONFIG set, the tools first on PATH, their completion, and the lab's name in its prompt.",
            Operands = [command],
            Flags = [name],
            Examples = [new("waggle lab shell", "interactive"), new("waggle lab shell -- kubectl get nodes", "one command")],
            Run = async (call, _) =>
            {
                var labs = new LabCluster();
                var lab = LabCommands.RequireRunning(labs, call.Get(name)!);
                return (ExitCode)await RunAsync(LabEnvironment.For(labs, lab, call.Environment), lab.Options.Name, call.Get(command) ?? [], call.Environment).ConfigureAwait(false);
            },
        };
    }

    private static async Task<int> RunAsync(IReadOnlyDictionary<string, string> variables, string lab, string[] command, HostEnvironment environment)
    {
        var settings = command.Length == 0 ? WriteSettings(lab) : null;
        try
        {
            var start = command.Length > 0 ? Command(command) : Interactive(environment, settings!);
            foreach (var (key, value) in variables)
            {
                start.Environment[key] = value;
            }

            // Ctrl-C belongs to the shell and its commands; this process only waits for them.
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
            using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, context => context.Cancel = true);
            using var shell = Start(start);
            await shell.WaitForExitAsync().ConfigureAwait(false);
            return shell.ExitCode;
        }
        finally
        {
            if (settings is not null)
            {
                File.Delete(settings);
            }
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception absent)
        {
            throw new CliException($"{start.FileName} cannot be started: {absent.Message}");
        }
    }

    // Through env, so that the program is looked up on the lab's PATH, not on this process's.
    private static ProcessStartInfo Command(string[] command) => new("/usr/bin/env", ["--", .. command]);

    /// <summary>Bash gets the prompt and completion from a settings file; other shells get the environment alone.</summary>
    private static ProcessStartInfo Interactive(HostEnvironment environment, string settings)
    {
        var shell = environment.Variable("SHELL") is { Length: > 0 } own ? own : "bash";
        return Path.GetFileName(shell) is "zsh" or "fish" ? new ProcessStartInfo(shell, ["-i"]) : new ProcessStartInfo("bash", ["--rcfile", settings, "-i"]);
    }

    private static string WriteSettings(string lab)
    {
        var path = Path.Combine(Path.GetTempPath(), $"waggle-shell-{Environment.ProcessId}.rc");
        File.Delete(path);
        using var file = new StreamWriter(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        file.Write(Settings(lab));
        return path;
    }

    internal static string Settings(string lab) => $$"""
        [ -r /etc/bash.bashrc ] && . /etc/bash.bashrc
        [ -r ~/.bashrc ] && . ~/.bashrc
        # Personal settings may have changed PATH: the lab's tools stay first.
        case ":$PATH:" in ":$WAGGLE_TOOLS:"*) ;; *) [ -n "$WAGGLE_TOOLS" ] && PATH="$WAGGLE_TOOLS:$PATH" ;; esac
        PS1='(lab {{lab}}) '"$PS1"
        for tool in waggle cilium hubble; do . <($tool completion bash 2>/dev/null); done
        command -v kubectl >/dev/null && . <(kubectl completion bash 2>/dev/null)
        unset tool

        """;
}
