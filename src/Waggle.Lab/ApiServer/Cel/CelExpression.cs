namespace Waggle.Lab.ApiServer;

internal sealed class CelExpression;
