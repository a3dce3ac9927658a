using System.Diagnostics;

namespace Waggle.Tests.Support;

/// <summary>Runs the built executable as a user does.</summary>
internal static class Executable
{
    public static readonly string Path = System.IO.Path.Combine(AppContext.BaseDirectory, "waggle");

    /// <summary>Runs a shell line in which <c>$W</c> is the executable.</summary>
    public static async Task<(int Code, string Output, string Error)> ShellAsync(string line, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo("bash", ["-c", line]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["W"] = Path;
        start.Environment.Remove("NO_COLOR");
        start.Environment.Remove("CLICOLOR_FORCE");
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }
}
