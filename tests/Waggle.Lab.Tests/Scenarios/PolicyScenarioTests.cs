using System.Diagnostics;

namespace Waggle.Lab.Tests.Scenarios;

/// <summary>The policy scenario as a user types it, on a lab of its own, without its slow steps.</summary>
public sealed class PolicyScenarioTests
{
    [Fact]
    public async Task LabRunPolicy_OnANewLab_EveryExpectationHolds()
    {
        var program = Path.Combine(Environment.GetEnvironmentVariable("WAGGLE_PRODUCT") ?? throw new InvalidOperationException("WAGGLE_PRODUCT names the folder of the built product: run ./waggle test"), "waggle");
        var name = $"po-{Guid.NewGuid().ToString("N")[..8]}";
        using var process = Process.Start(new ProcessStartInfo(program, ["lab", "run", "policy", "--name", name])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["WAGGLE_SCENARIO_SHORT"] = "1" },
        })!;
        try
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(8), TestContext.Current.CancellationToken);
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
