namespace Pipeline.Dashboard.Airflow.Reading;

/// <summary>A request that cannot be answered as it is asked; becomes a problem with this status and these words.</summary>
internal sealed class AirflowProblemException(int status, string detail, IReadOnlyList<FieldError>? errors = null) : Exception(detail)
{
    public int Status { get; } = status;

    public IReadOnlyList<FieldError> Errors { get; } = errors ?? [];

    public static AirflowProblemException NotFound(string detail) => new(StatusCodes.Status404NotFound, detail);

    public static AirflowProblemException BadRequest(string detail) => new(StatusCodes.Status400BadRequest, detail);

    public static AirflowProblemException Conflict(string detail) => new(StatusCodes.Status409Conflict, detail);

    /// <summary>Something that Airflow has and this does not; the sentence says why, or what to do instead.</summary>
    public static AirflowProblemException NotSupported(string detail) => new(StatusCodes.Status501NotImplemented, detail);

    /// <summary>Fields of the query or the body that are wrong, all of them.</summary>
    public static AirflowProblemException Invalid(IReadOnlyList<FieldError> errors)
        => new(StatusCodes.Status422UnprocessableEntity, string.Join(" ", errors.Select(error => $"{error.Field}: {error.Message}")), errors);

    public static AirflowProblemException Invalid(string field, string message) => Invalid([new FieldError(field, message)]);
}

internal sealed record FieldError(string Field, string Message);
