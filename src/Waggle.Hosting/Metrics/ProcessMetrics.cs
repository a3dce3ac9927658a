using System.Diagnostics;

namespace Waggle.Hosting.Metrics;

/// <summary>The figures that every Prometheus client shows of its own process.</summary>
public sealed class ProcessMetrics : IMetricsSource
{
    public void Write(MetricsWriter writer)
    {
        using Process self = Process.GetCurrentProcess();
        writer.Family("process_cpu_seconds_total", "counter", "CPU time of the process in seconds.").Sample(self.TotalProcessorTime.TotalSeconds);
        writer.Family("process_resident_memory_bytes", "gauge", "Resident memory in bytes.").Sample(self.WorkingSet64);
        writer.Family("process_start_time_seconds", "gauge", "Start of the process, Unix time.").Sample(new DateTimeOffset(self.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0);
        writer.Family("dotnet_gc_heap_bytes", "gauge", "Managed heap in bytes.").Sample(GC.GetTotalMemory(false));
    }
}
