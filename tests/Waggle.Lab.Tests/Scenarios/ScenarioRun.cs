using System.Diagnostics;

namespace Waggle.Lab.Tests.Scenarios;

/// <summary><c>waggle lab run SCENARIO</c> as a user types it, on a lab of its own that is gone afterwards, whatever happens.</summary>
internal static class ScenarioRun
{
    public static async Task PlayAsync(string scenario, string[] flags, (string Name, string Value) variable, TimeSpan limit)
    {
        var program = Path.Combine(Environment.GetEnvironmentVariable("WAGGLE_PRODUCT") ?? throw new InvalidOperationException("WAGGLE_PRODUCT names the folder of the built product: run ./waggle test"), "waggle");
        var name = $"{scenario[..2]}-{Guid.NewGuid().ToString("N")[..8]}";
        using var process = Process.Start(new ProcessStartInfo(program, ["lab", "run", scenario, "--name", name, .. flags])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [variable.Name] = variable.Value },
        })!;
        try
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(limit, TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, await output + await errors);
            Assert.Contains("checks passed, 0 failed", await output, StringComparison.Ordinal);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            using var down = Process.Start(program, ["lab", "down", "--name", name]);
            await down.WaitForExitAsync(CancellationToken.None);
        }
    }
}
