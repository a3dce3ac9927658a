using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.Deployments;

/// <summary>The status of a Deployment as its rollout stands. Pure; <c>kubectl rollout status</c> lives on it.</summary>
internal static class RolloutStatus
{
    internal const string Progressing = "Progressing";
    internal const string Available = "Available";
    internal const string Complete = "NewReplicaSetAvailable";
    internal const string TimedOut = "ProgressDeadlineExceeded";

    internal static DeploymentStatus Of(Rollout rollout, ReplicaSet? current, DateTimeOffset now)
    {
        var deployment = rollout.Deployment;
        var all = current is null || rollout.All.Any(s => s.Metadata.Uid == current.Metadata.Uid) ? rollout.All : [.. rollout.All, current];
        var available = Rollout.Available(all);
        var status = deployment.Status with
        {
            ObservedGeneration = deployment.Metadata.Generation,
            Replicas = all.Sum(s => s.Status.Replicas),
            UpdatedReplicas = current?.Status.Replicas ?? 0,
            ReadyReplicas = all.Sum(s => s.Status.ReadyReplicas ?? 0),
            AvailableReplicas = available,
            UnavailableReplicas = Math.Max(Rollout.Total(all) - available, 0),
        };
        var conditions = status.Conditions.With(available >= rollout.MinAvailable
            ? New(Available, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
            : New(Available, "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now));
        conditions = all.SelectMany(s => s.Status.Conditions).FirstOrDefault(c => c.Type == "ReplicaFailure") is { } failure
            ? conditions.With(failure)
            : conditions.Without("ReplicaFailure");
        return status with { Conditions = Progress(rollout, current, status, conditions, now) };
    }

    internal static Condition New(string type, string status, string reason, string message, DateTimeOffset now) =>
        new() { Type = type, Status = status, Reason = reason, Message = message, LastUpdateTime = now, LastTransitionTime = now };

    /// <summary>When the progress deadline passes; null when there is nothing to wait for.</summary>
    internal static DateTimeOffset? Deadline(Deployment deployment, DeploymentStatus status)
    {
        var condition = status.Conditions.Find(Progressing);
        return deployment.Spec.Paused == true || condition is null or { Reason: Complete or TimedOut } || deployment.Spec.ProgressDeadlineSeconds == int.MaxValue
            ? null
            : (condition.LastUpdateTime ?? condition.LastTransitionTime)?.AddSeconds(deployment.Spec.ProgressDeadlineSeconds ?? 600);
    }

    private static IReadOnlyList<Condition> Progress(Rollout rollout, ReplicaSet? current, DeploymentStatus status, IReadOnlyList<Condition> conditions, DateTimeOffset now)
    {
        var deployment = rollout.Deployment;
        if (deployment.Spec.ProgressDeadlineSeconds == int.MaxValue)
        {
            return conditions.Without(Progressing);
        }

        if (deployment.Spec.Paused == true)
        {
            return conditions;
        }

        var name = current is null ? $"Deployment \"{deployment.Metadata.Name}\"" : $"ReplicaSet \"{current.Metadata.Name}\"";
        if (current is not null && rollout.New is null)
        {
            return conditions.With(New(Progressing, "True", "NewReplicaSetCreated", $"Created new replica set \"{current.Metadata.Name}\"", now));
        }

        var old = conditions.Find(Progressing);
        // A rollout that had been complete and is not being rolled stays so, though a pod may have died.
        var settled = old?.Reason == Complete && status.Replicas == status.UpdatedReplicas;
        if (!settled && IsComplete(rollout.Replicas, status))
        {
            return conditions.With(New(Progressing, "True", Complete, $"{name} has successfully progressed.", now));
        }

        if (settled)
        {
            return conditions;
        }

        if (HasProgressed(deployment.Status, status))
        {
            var next = New(Progressing, "True", "ReplicaSetUpdated", $"{name} is progressing.", now);
            // Every step counts anew against the deadline, so the update time moves though status and reason stay.
            return [.. conditions.Without(Progressing), old?.Status == "True" ? next with { LastTransitionTime = old.LastTransitionTime } : next];
        }

        return Deadline(deployment, status with { Conditions = conditions }) is { } deadline && deadline < now
            ? conditions.With(New(Progressing, "False", TimedOut, $"{name} has timed out progressing.", now))
            : conditions;
    }

    private static bool IsComplete(int replicas, DeploymentStatus status) =>
        status.UpdatedReplicas == replicas && status.Replicas == replicas && status.AvailableReplicas == replicas;

    private static bool HasProgressed(DeploymentStatus before, DeploymentStatus after) =>
        (after.UpdatedReplicas ?? 0) > (before.UpdatedReplicas ?? 0)
        || (after.Replicas ?? 0) - (after.UpdatedReplicas ?? 0) < (before.Replicas ?? 0) - (before.UpdatedReplicas ?? 0)
        || (after.ReadyReplicas ?? 0) > (before.ReadyReplicas ?? 0)
        || (after.AvailableReplicas ?? 0) > (before.AvailableReplicas ?? 0);
}
