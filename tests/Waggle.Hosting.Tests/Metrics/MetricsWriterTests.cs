using Waggle.Hosting.Metrics;

namespace Waggle.Hosting.Tests.Metrics;

public sealed class MetricsWriterTests
{
    [Fact]
    public void Sample_LabelsWithSpecialCharacters_AreEscaped() => Assert.Equal(
        "# HELP x_total a\\nb\n# TYPE x_total counter\nx_total 1\nx_total{a=\"q\\\"\\\\\\n\",b=\"c\"} 0.5\n",
        new MetricsWriter().Family("x_total", "counter", "a\nb").Sample(1).Sample(0.5, ("a", "q\"\\\n"), ("b", "c")).ToString());
}
