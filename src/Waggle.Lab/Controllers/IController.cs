namespace Waggle.Lab.Controllers;

/// <summary>A control loop: watches objects and works until the world is as they say.</summary>
public interface IController
{
    /// <summary>For logs and metrics, e.g. <c>deployment</c>.</summary>
    string Name { get; }

    /// <summary>Runs until cancelled; returns then without an exception.</summary>
    Task RunAsync(CancellationToken cancellation);
}
