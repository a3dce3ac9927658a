using System.Diagnostics;

namespace Waggle.Lab.Tests.Scenarios;

/// <summary>The README's first command, as a newcomer types it, on a lab of its own.</summary>
public sealed class MulticastScenarioTests
{
    [Theory]
    [InlineData("--routing", "tunnel")]
    [InlineData("--routing", "native")]
    public async Task LabRunMulticast_OnANewLab_PlaysTheWholeTranscript(string flag, string value)
    {
        var program = Path.Combine(Environment.GetEnvironmentVariable("WAGGLE_PRODUCT") ?? throw new InvalidOperationException("WAGGLE_PRODUCT names the folder of the built product: run ./waggle test"), "waggle");
        var name = $"mc-{Guid.NewGuid().ToString("N")[..8]}";
        using var process = Process.Start(new ProcessStartInfo(program, ["lab", "run", "multicast", "--name", name, flag, value])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PAUSE"] = "1" },
        })!;
        try
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(6), TestContext.Current.CancellationToken);
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
