namespace Waggle.Operator;

/// <summary>One duty of the elected operator. It runs alone in its loop and never ends by itself.</summary>
public interface IOperatorFeature
{
    Task RunAsync(CancellationToken cancellation);
}
