using System.Text;
using Pipeline.Contracts;
using Pipeline.Ingest.RandomUser;
using EventId = Pipeline.Contracts.EventId;

namespace Pipeline.Ingest.KafkaStream;

/// <summary>Maps a user of the source to the event of the contract, or says why that cannot be done. Pure.</summary>
internal static class UserEventFormatter
{
    /// <param name="eventTime">Unix ms.</param>
    public static (UserEvent? Event, RejectedUser? Rejected) Format(SourceUser user, string source, string seed, string runId, long eventTime)
    {
        if (user.Fault is { } fault)
        {
            return Reject(fault.Reason, fault.Field, $"'{fault.Path}' of the source has {Describe(fault.Reason)}.");
        }

        if (MissingField(user) is { } missing)
        {
            return Reject(ReasonCode.MissingField, missing, $"The source sent no {missing.WireName()}.");
        }

        if (!Guid.TryParseExact(user.Uuid, "D", out var userId))
        {
            return Reject(ReasonCode.BadFormat, Field.UserId, "The source's login.uuid is not a UUID.");
        }

        if (!WireNames.TryParseGender(user.Gender!, out var gender))
        {
            return Reject(ReasonCode.BadFormat, Field.Gender, "The source's gender is not one of the contract's.");
        }

        long? dateOfBirth = null;
        if (user.DateOfBirth is { } text)
        {
            if (!Iso8601.TryRead(Encoding.UTF8.GetBytes(text), out var parsed))
            {
                return Reject(ReasonCode.BadFormat, Field.Dob, "The source's dob.date is not an ISO 8601 date-time.");
            }

            dateOfBirth = parsed;
        }

        return (
            new UserEvent
            {
                EventId = EventId.ForFetchedUser(source, seed, user.Page, user.Index, eventTime),
                UserId = userId,
                EventTime = eventTime,
                RunId = runId,
                Source = source,
                FirstName = user.FirstName!,
                LastName = user.LastName!,
                Email = user.Email!,
                Gender = gender,
                DateOfBirth = dateOfBirth,
                Age = user.Age,
                Phone = user.Phone,
                Nationality = user.Nationality!,
                Address = Address(user),
                Picture = user.Picture,
            },
            null);

        (UserEvent?, RejectedUser?) Reject(ReasonCode reason, Field field, string message) => (null, new RejectedUser(reason, field, message, user));
    }

    /// <summary><c>123 Main St, New York, NY 12345, USA</c>; parts that are missing leave no gap.</summary>
    internal static string? Address(SourceUser user)
    {
        var parts = new[]
        {
            Join(user.StreetNumber, user.StreetName),
            user.City,
            Join(user.State, user.Postcode),
            user.Country,
        };
        var line = string.Join(", ", parts.Where(part => !string.IsNullOrWhiteSpace(part)));
        return line.Length == 0 ? null : line;
    }

    private static string Join(string? first, string? second) => string.Join(' ', new[] { first, second }.Where(part => !string.IsNullOrWhiteSpace(part)));

    private static Field? MissingField(SourceUser user)
        => string.IsNullOrEmpty(user.Uuid) ? Field.UserId
        : string.IsNullOrEmpty(user.FirstName) ? Field.FirstName
        : string.IsNullOrEmpty(user.LastName) ? Field.LastName
        : string.IsNullOrEmpty(user.Email) ? Field.Email
        : string.IsNullOrEmpty(user.Gender) ? Field.Gender
        : string.IsNullOrEmpty(user.Nationality) ? Field.Nationality
        : null;

    private static string Describe(ReasonCode reason) => reason switch
    {
        ReasonCode.NotAnObject => "something that is not an object",
        ReasonCode.BadFormat => "text that is not valid Unicode",
        _ => "a value of the wrong type",
    };
}
