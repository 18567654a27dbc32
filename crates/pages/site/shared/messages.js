/**
 * Words that all pages share, in the four languages. `i18n.js` knows them already: a page asks for
 * `t('word.close')`. English defines the keys.
 */

const en = {
  language: { own: 'English', label: 'Language' },
  word: {
    ok: 'OK', close: 'Close', back: 'Back', cancel: 'Cancel', retry: 'Try again', continue: 'Continue',
    done: 'Done', save: 'Save', remove: 'Remove', delete: 'Delete', edit: 'Change', yes: 'Yes', no: 'No',
    settings: 'Settings', help: 'Help', more: 'More', copy: 'Copy', copied: 'Copied', loading: 'One moment…',
    online: 'Online', offline: 'Offline', amount: 'Amount', date: 'Date', shop: 'Shop', till: 'Till',
    account: 'Account', backspace: 'Delete last digit', details: 'Details',
  },
};

/** @type {typeof en} */
const de = {
  language: { own: 'Deutsch', label: 'Sprache' },
  word: {
    ok: 'OK', close: 'Schliessen', back: 'Zurück', cancel: 'Abbrechen', retry: 'Nochmals versuchen', continue: 'Weiter',
    done: 'Fertig', save: 'Speichern', remove: 'Entfernen', delete: 'Löschen', edit: 'Ändern', yes: 'Ja', no: 'Nein',
    settings: 'Einstellungen', help: 'Hilfe', more: 'Mehr', copy: 'Kopieren', copied: 'Kopiert', loading: 'Einen Moment…',
    online: 'Online', offline: 'Offline', amount: 'Betrag', date: 'Datum', shop: 'Geschäft', till: 'Kasse',
    account: 'Konto', backspace: 'Letzte Ziffer löschen', details: 'Details',
  },
};

/** @type {typeof en} */
const fr = {
  language: { own: 'Français', label: 'Langue' },
  word: {
    ok: 'OK', close: 'Fermer', back: 'Retour', cancel: 'Annuler', retry: 'Réessayer', continue: 'Continuer',
    done: 'Terminé', save: 'Enregistrer', remove: 'Retirer', delete: 'Supprimer', edit: 'Modifier', yes: 'Oui', no: 'Non',
    settings: 'Réglages', help: 'Aide', more: 'Plus', copy: 'Copier', copied: 'Copié', loading: 'Un instant…',
    online: 'En ligne', offline: 'Hors ligne', amount: 'Montant', date: 'Date', shop: 'Magasin', till: 'Caisse',
    account: 'Compte', backspace: 'Effacer le dernier chiffre', details: 'Détails',
  },
};

/** @type {typeof en} */
const it = {
  language: { own: 'Italiano', label: 'Lingua' },
  word: {
    ok: 'OK', close: 'Chiudi', back: 'Indietro', cancel: 'Annulla', retry: 'Riprova', continue: 'Continua',
    done: 'Fatto', save: 'Salva', remove: 'Rimuovi', delete: 'Elimina', edit: 'Modifica', yes: 'Sì', no: 'No',
    settings: 'Impostazioni', help: 'Aiuto', more: 'Altro', copy: 'Copia', copied: 'Copiato', loading: 'Un momento…',
    online: 'Online', offline: 'Offline', amount: 'Importo', date: 'Data', shop: 'Negozio', till: 'Cassa',
    account: 'Conto', backspace: 'Cancella l’ultima cifra', details: 'Dettagli',
  },
};

export default { en, de, fr, it };
