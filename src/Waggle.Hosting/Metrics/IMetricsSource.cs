namespace Waggle.Hosting.Metrics;

/// <summary>A feature's figures; asked at every scrape of <c>/metrics</c>, so it must be quick and must not throw for missing maps.</summary>
public interface IMetricsSource
{
    void Write(MetricsWriter writer);
}
