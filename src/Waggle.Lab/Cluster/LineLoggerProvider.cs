using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Waggle.Lab.Cluster;

/// <summary>One line per message: time, level, category, text. The daemon's log file is all it needs.</summary>
internal sealed class LineLoggerProvider(TextWriter output) : ILoggerProvider
{
    private readonly Lock _gate = new();

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose()
    {
    }

    private sealed class LineLogger(LineLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.UtcNow:yyyy-MM-ddTHH:mm:ss.fffZ} {logLevel,-11} {category}: {formatter(state, exception)}");
            lock (provider._gate)
            {
                provider.Write(line, exception);
            }
        }
    }

    private void Write(string line, Exception? exception)
    {
        output.WriteLine(line);
        if (exception is not null)
        {
            output.WriteLine(exception);
        }

        output.Flush();
    }
}
